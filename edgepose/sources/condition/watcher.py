"""Looks at a camera's picture every second or so, and says what is wrong once it has lasted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from edgepose.health import Trouble
from edgepose.sources.condition.seeing import Verdict, verdict
from edgepose.sources.condition.thumbnail import thumbnail
from edgepose.sources.condition.view import View
from edgepose.types import Image

Condition = Literal["dark", "covered", "blurred", "moved"]

BEGINS_S: Mapping[Condition, float] = {"dark": 30.0, "covered": 30.0, "blurred": 60.0, "moved": 30.0}
"""How long something lasts before it is said: a lamp is switched, somebody stands before the lens, it focuses anew."""

ENDS_S = 10.0
"""How long it is well again before that is said."""

ACCEPTED_S = 86_400.0
"""After a day the new view of a camera that was moved is the one that is known."""

TROUBLES: Mapping[Condition, Trouble] = {
    "dark": Trouble("camera_dark", "the picture is dark: nobody can be seen; switch on a light, or the camera's own"),
    "covered": Trouble("camera_covered", "the picture shows nothing: is something before the lens, or on it?"),
    "blurred": Trouble("camera_blurred", "the picture is blurred: clean the lens, or focus it"),
    "moved": Trouble(
        "camera_moved",
        "the camera looks somewhere else than before: turn it back, or check zones and height and restart",
    ),
}


class Watcher:
    """Watches one camera's picture; used by one thread.

    every_s: seconds between two looks, 0 for never. moves: whether it is a camera, which is to keep its view: a
    recording may be cut. troubles: what is wrong now, one thing at most.
    """

    def __init__(self, every_s: float, *, moves: bool = True) -> None:
        self.troubles: tuple[Trouble, ...] = ()
        self._every_s = every_s if every_s > 0 else math.inf
        self._looked_t = -math.inf
        self._said: Condition | None = None
        self._said_t = 0.0
        self._seen: Condition | None = None
        self._seen_t = 0.0
        self._view = View() if moves else None

    def update(self, image: Image, t: float) -> None:
        """Take in the picture of second `t`; most of the time it is not looked at."""
        passed_s = t - self._looked_t
        if 0 <= passed_s < self._every_s or self._every_s == math.inf:
            return
        if not 0 <= passed_s <= 10 * self._every_s:  # the first, or one after a pause: what lasted is not known
            self._seen_t = t
        self._looked_t = t
        self._note(self._judge(image), t)

    def pause(self) -> None:
        """No pictures come: nothing is known of them, and nothing is said."""
        self._looked_t = -math.inf
        self._say(None, 0.0)

    def _judge(self, image: Image) -> Condition | None:
        small = thumbnail(image)
        found: Verdict | None = verdict(small, self._seen if self._seen != "moved" else None)
        if found is None and self._view is not None and self._view.is_another(small):
            return "moved"
        return found

    def _note(self, seen: Condition | None, t: float) -> None:
        if seen != self._seen:
            self._seen, self._seen_t = seen, t
        lasted_s = t - self._seen_t
        if seen != self._said and lasted_s >= (ENDS_S if seen is None else BEGINS_S[seen]):
            self._say(seen, t)
        if self._view is not None and self._said == "moved" and t - self._said_t >= ACCEPTED_S:
            self._view.forget()
            self._say(None, t)

    def _say(self, condition: Condition | None, t: float) -> None:
        self._said, self._said_t = condition, t
        self.troubles = () if condition is None else (TROUBLES[condition],)
