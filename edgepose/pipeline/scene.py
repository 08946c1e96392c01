"""One camera's people over time: its tracker and its rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from edgepose.events import Rule
from edgepose.pipeline.looks import Look
from edgepose.tracking import Tracker, TrackerOptions
from edgepose.types import Event, Frame, FrameResult, LookAgain, Pose

RuleMaker = Callable[[str, tuple[int, int]], Rule]
"""Makes one camera's rule, given its name and picture size (width, height) in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one frame led to. looks: second looks that the rules wish for."""

    result: FrameResult
    looks: tuple[Look, ...] = field(default=())


class Scene:
    """Tracker and rules of one camera; used by one thread."""

    def __init__(
        self, source: str, size_wh: tuple[int, int], tracking: TrackerOptions, rules: Sequence[RuleMaker]
    ) -> None:
        self.size_wh = size_wh
        self._tracker = Tracker(tracking)
        self._rules = [make(source, size_wh) for make in rules]
        self._late_events: list[Event] = []
        self._next_seq = 0

    def update(self, frame: Frame, poses: Sequence[Pose], timings_ms: Mapping[str, float]) -> Seen:
        """Follow the poses of one frame and ask every rule; events of second looks join the next frame's."""
        began = time.perf_counter()
        tracks = self._tracker.update(poses, frame.t)
        tracked = time.perf_counter()
        events, self._late_events = self._late_events, []
        looks = []
        for rule in self._rules:
            for found in rule.update(tracks, frame.t):
                if isinstance(found, LookAgain):
                    looks.append(Look(found, frame, rule))
                else:
                    events.append(found)
        ended = time.perf_counter()
        dropped, self._next_seq = max(0, frame.seq - self._next_seq), frame.seq + 1
        result = FrameResult(
            frame.source,
            frame.seq,
            frame.t,
            size_wh=(frame.image.shape[1], frame.image.shape[0]),
            tracks=tracks,
            events=tuple(events),
            timings_ms={**timings_ms, "track": (tracked - began) * 1e3, "rules": (ended - tracked) * 1e3},
            dropped=dropped,
            image=frame.image,
        )
        return Seen(result, tuple(looks))

    def answer(self, look: Look, poses: Sequence[Pose]) -> None:
        """Hand a rule what its second look found; the events it gives join the next frame's."""
        second_look = getattr(look.rule, "second_look", None)
        if second_look is not None:
            self._late_events += second_look(look.request, poses, look.frame.t) or ()


class Scenes:
    """The scene of every camera, made with its first frame; one whose picture size changes begins anew."""

    def __init__(self, tracking: TrackerOptions, rules: Sequence[RuleMaker]) -> None:
        self._tracking = tracking
        self._rules = rules
        self._scenes: dict[str, Scene] = {}

    def of(self, frame: Frame) -> Scene:
        """The scene that a frame belongs to."""
        size_wh = (frame.image.shape[1], frame.image.shape[0])
        scene = self._scenes.get(frame.source)
        if scene is None or scene.size_wh != size_wh:
            scene = self._scenes[frame.source] = Scene(frame.source, size_wh, self._tracking, self._rules)
        return scene
