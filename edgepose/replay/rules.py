"""Rules over a recording: the same tracker and rules that a camera gets, fed from memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from edgepose.config import Config
from edgepose.events import Rule
from edgepose.health import Trouble
from edgepose.pipeline.rules import rule_makers
from edgepose.pipeline.scene import abandoned, another_size
from edgepose.replay.recording import Recording
from edgepose.tracking import Tracker, TrackerOptions
from edgepose.types import Event, LookAgain

ALL_RULES = ("fall", "posture", "gesture", "activity")


@dataclass(frozen=True)
class Spell:
    """A trouble that rules had: from second `began_t` to `ended_t`, None where it lasted to the end."""

    trouble: Trouble
    began_t: float
    ended_t: float | None = None


@dataclass(frozen=True)
class Told:
    """An event, and the frame at which it was told."""

    frame: int
    event: Event


def replay(
    recording: Recording, config: Config, rules: Iterable[str] = ALL_RULES, spells: list[Spell] | None = None
) -> list[Told]:
    """What the rules tell about a recording, in order. A recording of plain poses is tracked first.

    spells: gets what kept rules from judging as they should, in order.

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
            found += abandoned(watching, another_size(size_wh))
            tracker = Tracker(config.tracking, first_id=tracker.next_id)
            watching = [make(recording.camera, size_wh) for make in makers]
        tracks = frame.people if recording.tracked else tracker.update(frame.people, frame.t)  # type: ignore[arg-type]
        for rule in watching:
            found += rule.update(tracks, frame.t) or ()  # type: ignore[arg-type]
        told += [Told(frame.number, event) for event in found if isinstance(event, Event)]
        if spells is not None:
            _note(spells, [one for rule in watching for one in getattr(rule, "troubles", ())], frame.t)
    return told


def _note(spells: list[Spell], troubles: list[Trouble], t: float) -> None:
    """Begin and end spells by what is wrong at second `t`."""
    open_ones = [one.trouble for one in spells if one.ended_t is None]
    if troubles == open_ones:
        return
    for k, one in enumerate(spells):
        if one.ended_t is None and one.trouble not in troubles:
            spells[k] = replace(one, ended_t=t)
    spells += [Spell(one, t) for one in troubles if one not in open_ones]


def tracked(recording: Recording, options: TrackerOptions) -> Recording:
    """The same with its people tracked and in memory, for whoever judges it many times; as `replay` tracks them."""
    if recording.tracked:
        return replace(recording, frames=list(recording.frames))
    tracker, size_wh, frames = Tracker(options), recording.size_wh, []
    for frame in recording.frames:
        if size_wh != (frame.size_wh or recording.size_wh):
            size_wh = frame.size_wh or recording.size_wh
            tracker = Tracker(options, first_id=tracker.next_id)
        frames.append(replace(frame, people=tracker.update(frame.people, frame.t)))  # type: ignore[arg-type]
    return replace(recording, tracked=True, frames=frames)


def verdict(told: Iterable[Told]) -> list[str]:
    """What was told at all: `kind stage` words, sorted, each once."""
    return sorted({f"{one.event.kind} {one.event.stage}" for one in told})
