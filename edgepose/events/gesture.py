"""Gestures: hand raised, both hands up, wave, point left or right; one of them may be a call for help.

Left and right are those of the picture. A gesture is told once when it has been held, and again after it ended.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgepose.errors import ConfigError
from edgepose.events.arms import Arm, Arms, Swings, is_raised, pointing, waving
from edgepose.events.body import TORSO, Body
from edgepose.events.height import Height
from edgepose.events.measure import measurable, measure
from edgepose.events.memory import Memory
from edgepose.events.options import GestureOptions
from edgepose.events.zones import is_ignored
from edgepose.options import given
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Event, Track

STEADY_S = 0.3  # a raised hand is not told before it has rested for this long
UPRIGHT_DEG = 50.0  # a trunk that leans further makes no gestures
GESTURES = ("hands_up", "wave", "hand_raised", "point_left", "point_right")


@dataclass
class _Person:
    t: float
    height: Height = field(default_factory=Height)
    arms: Arms = field(default_factory=Arms)
    swings: tuple[Swings, Swings] = field(default_factory=lambda: (Swings(), Swings()))
    since: dict[str, float] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    told_t: dict[str, float] = field(default_factory=dict)


class GestureRule:
    """Tells the gestures of each person; used by one thread."""

    def __init__(
        self,
        options: GestureOptions | None = None,
        size_wh: tuple[int, int] | None = None,
        *,
        skeleton: Skeleton = BODYPOSENET_18,
    ) -> None:
        self.options = given(options, GestureOptions)
        if self.options.help_gesture not in ("", *GESTURES):
            raise ConfigError(
                f"gesture.help_gesture {self.options.help_gesture!r} is no gesture; there are {', '.join(GESTURES)}"
            )
        self.size_wh = size_wh
        self._skeleton = measurable(skeleton)
        self._people = Memory(_Person)

    def update(self, tracks: Sequence[Track], t: float) -> list[Event]:
        """Gestures that were held long enough by monotonic second `t`."""
        found: list[Event] = []
        for track, body in zip(tracks, measure(tracks, self._skeleton), strict=True):
            if track.missing_s > 0 or is_ignored(self.options.zones, body, self.size_wh):
                continue
            person, dt = self._people.see(track.id, t)
            size = person.height.see(body, t)
            if size > 0:
                made = self._made(person.arms.update(body.arms, t, dt), body, size, person, t)
                found += self._told(track.id, person, made, t)
        self._people.forget(t)
        return found

    def _made(self, arms: Sequence[Arm], body: Body, size: float, person: _Person, t: float) -> set[str]:
        """Gestures that this frame shows, the call for help among them; somebody who lies can only call for help."""
        options = self.options
        head_y = body.head_y if body.head_y == body.head_y else body.neck_y - 0.45 * TORSO * size
        n_raised = is_raised(arms[0], head_y, size) + is_raised(arms[1], head_y, size)
        right, left = person.swings
        swings = max(
            right.update(*waving(arms[0], size), t, options.wave_s),
            left.update(*waving(arms[1], size), t, options.wave_s),
        )
        made = set()
        if swings >= options.wave_swings + (n_raised == 2):  # hands that are held up tremble
            made.add("wave")
        elif n_raised == 2:
            made.add("hands_up")
        elif n_raised:
            made.add("hand_raised")
        side = pointing(arms, size)
        if side:
            made.add("point_right" if side > 0 else "point_left")
        if options.help_gesture in made:
            made.add("help")
        return made & {"help"} if body.angle_deg > UPRIGHT_DEG else made

    def _told(self, track_id: int, person: _Person, made: set[str], t: float) -> list[Event]:
        """Events for gestures that have been held; a wave needs no holding, it has lasted already."""
        if not made:
            if person.since:
                person.told, person.since = set(), {}
            return []
        options, found = self.options, []
        person.told &= made
        person.since = {name: person.since.get(name, t) for name in made}
        for name in (*GESTURES, "help"):
            wanted_s = {"wave": 0.0, "help": options.help_s}.get(name, options.hold_s)
            if name not in made or name in person.told or t - person.since[name] < wanted_s:
                continue
            if name == "hand_raised" and any(t - swing.moved_t <= STEADY_S for swing in person.swings):
                continue  # it may begin to wave
            person.told.add(name)
            if t - person.told_t.get(name, -math.inf) >= options.cooldown_s:
                person.told_t[name] = t
                found.append(self._event(name, track_id, person, t))
        return found

    def _event(self, name: str, track_id: int, person: _Person, t: float) -> Event:
        since_t = person.since.get(name, t)
        return Event("gesture", name, t, track_id, 1.0, since_t, evidence={"held_s": round(t - since_t, 2)})
