"""Rules over a recording: the same tracker and rules that a camera gets, fed from memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgepose.config import Config
from edgepose.pipeline.rules import rule_makers
from edgepose.replay.recording import Recording
from edgepose.tracking import Tracker
from edgepose.types import Event

ALL_RULES = ("fall", "posture", "gesture", "activity")


@dataclass(frozen=True)
class Told:
    """An event, and the frame at which it was told."""

    frame: int
    event: Event


def replay(recording: Recording, config: Config, rules: Iterable[str] = ALL_RULES) -> list[Told]:
    """What the rules tell about a recording, in order. A recording of plain poses is tracked first.

    A second look needs the picture, which a recording does not hold; rules ask in vain.
    """
    tracker = Tracker(config.tracking)
    watching = [make(recording.camera, recording.size_wh) for make in rule_makers(config, rules)]
    told = []
    for frame in recording.frames:
        tracks = frame.people if recording.tracked else tracker.update(frame.people, frame.t)  # type: ignore[arg-type]
        for rule in watching:
            found = rule.update(tracks, frame.t)  # type: ignore[arg-type]
            told += [Told(frame.number, event) for event in found if isinstance(event, Event)]
    return told


def verdict(told: Iterable[Told]) -> list[str]:
    """What was told at all: `kind stage` words, sorted, each once."""
    return sorted({f"{one.event.kind} {one.event.stage}" for one in told})
