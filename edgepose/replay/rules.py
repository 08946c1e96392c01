"""Rules over a recording: the same tracker and rules that a camera gets, fed from memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgepose.config import Config
from edgepose.events import Rule
from edgepose.pipeline.rules import rule_makers
from edgepose.pipeline.scene import abandoned
from edgepose.replay.recording import Recording
from edgepose.tracking import Tracker
from edgepose.types import Event, LookAgain

ALL_RULES = ("fall", "posture", "gesture", "activity")


@dataclass(frozen=True)
class Told:
    """An event, and the frame at which it was told."""

    frame: int
    event: Event


def replay(recording: Recording, config: Config, rules: Iterable[str] = ALL_RULES) -> list[Told]:
    """What the rules tell about a recording, in order. A recording of plain poses is tracked first.

    Where the picture changes its size, tracking and rules begin anew, as they do for a camera. A second look needs the
    picture, which a recording does not hold; rules ask in vain.
    """
    makers = rule_makers(config, rules)
    tracker = Tracker(config.tracking)
    watching: list[Rule] = []
    size_wh: tuple[int, int] | None = None
    told: list[Told] = []
    for frame in recording.frames:
        found: list[Event | LookAgain] = []
        if size_wh != (frame.size_wh or recording.size_wh):
            size_wh = frame.size_wh or recording.size_wh
            found += abandoned(watching, size_wh)
            tracker = Tracker(config.tracking, first_id=tracker.next_id)
            watching = [make(recording.camera, size_wh) for make in makers]
        tracks = frame.people if recording.tracked else tracker.update(frame.people, frame.t)  # type: ignore[arg-type]
        for rule in watching:
            found += rule.update(tracks, frame.t) or ()  # type: ignore[arg-type]
        told += [Told(frame.number, event) for event in found if isinstance(event, Event)]
    return told


def verdict(told: Iterable[Told]) -> list[str]:
    """What was told at all: `kind stage` words, sorted, each once."""
    return sorted({f"{one.event.kind} {one.event.stage}" for one in told})
