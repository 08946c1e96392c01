"""Rules turn tracks into events: falls, postures, gestures, activities, and a user's own. One file per rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from edgepose.plugins import find
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Event, LookAgain, Track


class Rule(Protocol):
    """One thing to recognise in the people of one camera; made once per camera, used by one thread.

    A rule that wants a second look returns a LookAgain among its events; it must then also offer
    `second_look(request, poses, t)`, which is called with what the network found there before the next frame, and may
    offer `look_refused(request, t)`, which is called instead where nobody could look. A rule with something open may
    offer `abandon(why)`: the events that say so before it is thrown away. One that cannot judge as it should says why
    in `troubles` (a tuple of `Trouble`) while that is so.
    """

    def update(self, tracks: Sequence[Track], t: float) -> Sequence[Event | LookAgain]:
        """What happened up to monotonic second `t`, given all tracks of that frame (lost ones have missing_s > 0).

        None counts as nothing.
        """
        ...


RULES: dict[str, str] = {
    "fall": "edgepose.events.fall:FallDetector",
    "posture": "edgepose.events.posture:PostureRule",
    "gesture": "edgepose.events.gesture:GestureRule",
    "activity": "edgepose.events.activity:ActivityRule",
}
"""Rules by name, as `module:attribute`; each is called with (options, size_wh=(width, height), skeleton=...)."""


def open_rule(
    name: str,
    options: Any = None,
    size_wh: tuple[int, int] | None = None,
    skeleton: Skeleton = BODYPOSENET_18,
) -> Rule:
    """Make one of `RULES` for one camera.

    options: its options struct, None for the defaults. size_wh: width and height of the camera's pictures in pixels.
    skeleton: the keypoints of its people. Raises ConfigError for a name that no rule has, and for keypoints in which
    it could see nothing.
    """
    rule: Rule = find("rules", name, RULES)(options, size_wh=size_wh, skeleton=skeleton)
    return rule
