"""Gestures: hand raised, both hands up, wave, point left or right; one of them may be a call for help.

Left and right are those of the picture. A gesture is told once when it has been held, and again after it ended.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edgepose.errors import ConfigError
from edgepose.events.body import MIN_SCORE, TORSO, Body, keypoint_array, measure
from edgepose.events.motion import next_height
from edgepose.events.options import GestureOptions
from edgepose.events.zones import zone_at
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Event, Track

RAISED = 0.05  # wrist over the middle of the head, body heights: more than a hand at the ear
STRAIGHT_DEG = 145.0  # elbow angle of a pointing arm
LEVEL_DEG = 25.0  # its slope at most
POINTING_REACH = 0.25  # wrist from shoulder sideways, body heights; a straight arm is 0.33 long
SWING = 0.06  # sideways travel of a wrist that counts as a swing, body heights
STEADY = 0.015  # a raised hand that travels further than this between frames may begin to wave
STEADY_S = 0.3  # and is no raised hand until it has rested for this long
GRACE_S = 0.25  # a hand that is not seen for no longer than this is where it was
MEDIAN_DT_S = 0.07  # frames closer together than this are judged by the median of three
SPREAD_REACH = 0.12  # the other arm, this far out the other way: spread arms, seen half from the side
FORGET_S = 5.0
GESTURES = ("hands_up", "wave", "hand_raised", "point_left", "point_right")

Arm = list[float]
"""x, y of shoulder, elbow and wrist in pixels; NaN is unknown."""


class Swings:
    """Counts how often a wrist changes direction, ignoring less than SWING of travel."""

    def __init__(self) -> None:
        self._turns: deque[float] = deque()
        self.moved_t = -math.inf
        self._turn_x = math.nan  # the furthest point of the swing that is going on
        self._way = 0

    def update(self, x: float, t: float, span_s: float) -> int:
        """Changes of direction in the last `span_s`, after the wrist is at `x` body heights; NaN starts over."""
        if x != x:
            self._turns.clear()
            self._turn_x, self._way = math.nan, 0
            return 0
        if self._turn_x != self._turn_x:
            self._turn_x = x
        travel = x - self._turn_x
        if travel * self._way > 0 or (self._way == 0 and abs(travel) >= SWING):
            self._way = 1 if travel > 0 else -1
            self._turn_x = x
            if abs(travel) > STEADY:
                self.moved_t = t
        elif abs(travel) >= SWING:
            self._way = -self._way
            self._turn_x = x
            self.moved_t = t
            self._turns.append(t)
        while self._turns and t - self._turns[0] > span_s:
            self._turns.popleft()
        return len(self._turns)


class Arms:
    """Both arms of a person without holes and strays: joints unseen for GRACE_S stay, single outliers are left out."""

    def __init__(self) -> None:
        self._last: list[Arm] = []  # newest first, holes filled
        self._seen_t = [-math.inf] * 12

    def update(self, arms: Sequence[Arm], t: float, dt_s: float) -> list[Arm]:
        """Right and left arm at second `t`, `dt_s` after the frame before."""
        values = [*arms[0], *arms[1]]
        for i, value in enumerate(values):
            if value == value:
                self._seen_t[i] = t
            elif self._last and t - self._seen_t[i] <= GRACE_S:
                values[i] = self._last[0][i]
        self._last = [values, *self._last[:2]]
        if len(self._last) == 3 and dt_s <= MEDIAN_DT_S:
            values = [sorted(three)[1] if three[0] == three[0] else three[0] for three in zip(*self._last, strict=True)]
        return [values[:6], values[6:]]


@dataclass
class _Person:
    t: float
    height_px: float = math.nan
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
        self.options = options or GestureOptions()
        if self.options.help_gesture not in ("", *GESTURES):
            raise ConfigError(
                f"gesture.help_gesture {self.options.help_gesture!r} is no gesture; there are {', '.join(GESTURES)}"
            )
        self.size_wh = size_wh
        self._skeleton = skeleton
        self._joints = [[skeleton.index(f"{side}_{j}") for j in ("shoulder", "elbow", "wrist")] for side in "rl"]
        self._people: dict[int, _Person] = {}

    def update(self, tracks: Sequence[Track], t: float) -> list[Event]:
        """Gestures that were held long enough by monotonic second `t`."""
        found: list[Event] = []
        for track, body, arms in zip(tracks, measure(tracks, self._skeleton), self._arms(tracks), strict=True):
            if track.missing_s > 0 or self._ignored(body):
                continue
            person = self._people.get(track.id)
            if person is None:
                person = self._people[track.id] = _Person(t)
            dt, person.t = max(t - person.t, 0.0), t
            person.height_px = next_height(person.height_px, body, dt)
            if person.height_px > 0:
                made = self._made(person.arms.update(arms, t, dt), body, person, t)
                found += self._told(track.id, person, made, t)
        self._people = {id_: person for id_, person in self._people.items() if abs(t - person.t) <= FORGET_S}
        return found

    def _arms(self, tracks: Sequence[Track]) -> list[list[Arm]]:
        """Right and left arm of every person."""
        if not tracks:
            return []
        points = keypoint_array(tracks)[:, self._joints]  # (N, 2, 3, 3)
        seen = np.where(points[..., 2:] >= MIN_SCORE, points[..., :2], np.nan)
        arms: list[list[Arm]] = seen.reshape(len(tracks), 2, 6).tolist()
        return arms

    def _made(self, arms: Sequence[Arm], body: Body, person: _Person, t: float) -> set[str]:
        """Gestures that this frame shows."""
        size = person.height_px
        if body.angle_deg > 60:
            return set()
        head_y = body.head_y if body.head_y == body.head_y else body.neck_y - 0.45 * TORSO * size
        raised = [wrist_y < head_y - RAISED * size for *_, wrist_y in arms]
        swings = 0
        for swing, (shoulder_x, shoulder_y, _, elbow_y, wrist_x, wrist_y) in zip(person.swings, arms, strict=True):
            waving_height = wrist_y < elbow_y and wrist_y < shoulder_y + 0.05 * size
            x = (wrist_x - shoulder_x) / size if waving_height else math.nan
            swings = max(swings, swing.update(x, t, self.options.wave_s))
        ways = [_pointing(arm, POINTING_REACH * size) for arm in arms]
        stretched = [_pointing(arm, SPREAD_REACH * size) for arm in arms]
        made = set()
        if swings >= self.options.wave_swings:
            made.add("wave")
        elif all(raised):
            made.add("hands_up")
        elif any(raised) and all(t - swing.moved_t > STEADY_S for swing in person.swings):
            made.add("hand_raised")
        if any(ways) and stretched[0] != -stretched[1]:  # both arms out sideways point nowhere
            made.add("point_right" if ways[0] + ways[1] > 0 else "point_left")
        return made

    def _told(self, track_id: int, person: _Person, made: set[str], t: float) -> list[Event]:
        """Events for gestures that have been held; a wave needs no holding, it has lasted already."""
        options, found = self.options, []
        if options.help_gesture in made:
            made = {*made, "help"}
        person.told &= made
        person.since = {name: person.since.get(name, t) for name in made}
        for name in (*GESTURES, "help"):
            wanted_s = {"wave": 0.0, "help": options.help_s}.get(name, options.hold_s)
            if name not in made or name in person.told or t - person.since[name] < wanted_s:
                continue
            person.told.add(name)
            if t - person.told_t.get(name, -math.inf) >= options.cooldown_s:
                person.told_t[name] = t
                found.append(self._event(name, track_id, person, t))
        return found

    def _event(self, name: str, track_id: int, person: _Person, t: float) -> Event:
        since_t = person.since.get(name, t)
        return Event("gesture", name, t, track_id, 1.0, since_t, evidence={"held_s": round(t - since_t, 2)})

    def _ignored(self, body: Body) -> bool:
        zone = zone_at(self.options.zones, *body.centre, self.size_wh)
        return zone is not None and zone.policy == "ignore"


def _pointing(arm: Arm, reach_px: float) -> int:
    """-1 for a straight, level arm that reaches so far to the left of the picture, 1 to the right, else 0."""
    shoulder_x, shoulder_y, elbow_x, elbow_y, wrist_x, wrist_y = arm
    upper = math.atan2(elbow_y - shoulder_y, elbow_x - shoulder_x)
    lower = math.atan2(wrist_y - elbow_y, wrist_x - elbow_x)
    bend = abs(math.degrees(math.remainder(upper - lower, math.tau))) if math.isfinite(upper + lower) else 180.0
    reach_x, reach_y = wrist_x - shoulder_x, wrist_y - shoulder_y
    level = abs(reach_y) <= math.tan(math.radians(LEVEL_DEG)) * abs(reach_x)
    if bend > 180 - STRAIGHT_DEG or not level or abs(reach_x) < reach_px:
        return 0
    return 1 if reach_x > 0 else -1
