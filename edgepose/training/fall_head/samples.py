"""Windows with labels: 1 where a fall has just happened, 0 where none has; what lies between is not taught."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgepose.events.measure import measure
from edgepose.tracking import Tracker
from edgepose.training.fall_head.sights import Sights
from edgepose.training.trajectories import DAILY, FALLS, Trajectory, generate
from edgepose.training.trajectories.scripts import Script
from edgepose.types import FloatArray, Pose

EVERY_S = 0.1  # between windows of one person
FIRST_S = 0.2  # a person is seen for this long before the first
LOST_S = 0.5  # and judged for this long after the last sight
BEFORE_S, AROUND_S, AFTER_S = 0.9, 0.1, 1.2  # around the impact: quiet until, fallen from, fallen until
ONSET_FALLEN_S = (1.0, 2.2)  # the same after the onset, where the impact is not known
FALLS_EACH = 2  # as many people per way to fall as per quiet activity, times this
VISIBLE = 0.5  # share of keypoints in sight below which a person is drawn anew
RETRY = 1000


@dataclass(frozen=True)
class Samples:
    """windows: float32 (N, CHANNELS, STEPS). fallen: float32 (N,), 1 or 0. weight: float32 (N,), its share."""

    windows: FloatArray
    fallen: FloatArray
    weight: FloatArray


@dataclass(frozen=True)
class Labelled:
    """One recording. frames: (poses, second) of each. onset_s, impact_s: of its fall, None where that is not known."""

    frames: Sequence[tuple[Sequence[Pose], float]]
    size_wh: tuple[int, int]
    is_fall: bool
    onset_s: float | None = None
    impact_s: float | None = None


def generated(first_seed: int, n: int, keep_quiet: float, seed: int) -> Samples:
    """Windows of `n` people per quiet activity and FALLS_EACH times as many per fall; of the quiet ones a share."""
    r = np.random.default_rng(seed)
    windows, labels = [], []
    for name, script in {**FALLS, **DAILY}.items():
        for i in range(n * (FALLS_EACH if name in FALLS else 1)):
            person = visible_person(script, first_seed + i)
            for t, sights in moments(person.frames()):
                label = label_at(t, impact_s=person.fallen_s) if name in FALLS else 0
                if label == 1 or (label == 0 and r.random() < keep_quiet):
                    windows.append(sights.window(t, person.size_wh))
                    labels.append(label)
    return Samples(np.array(windows), np.array(labels, np.float32), np.ones(len(labels), np.float32))


def recorded(clips: Iterable[Labelled], weight: float) -> Samples:
    """Windows of labelled clips, each counted `weight` times; tracked, one story per id."""
    windows, labels = [], []
    for clip in clips:
        follow = Tracker()
        people: dict[int, list[tuple[list[Pose], float]]] = {}
        for poses, t in clip.frames:
            for track in follow.update(poses, t):
                people.setdefault(track.id, []).append(([track.pose] if track.missing_s == 0 else [], t))
        for frames in people.values():
            for t, sights in moments(frames):
                label = label_at(t, impact_s=clip.impact_s, onset_s=clip.onset_s) if clip.is_fall else 0
                if label is not None:
                    windows.append(sights.window(t, clip.size_wh))
                    labels.append(label)
    return Samples(np.array(windows), np.array(labels, np.float32), np.full(len(labels), weight, np.float32))


def joined(parts: Iterable[Samples]) -> Samples:
    """All samples in one."""
    parts = list(parts)
    return Samples(
        np.concatenate([part.windows for part in parts]),
        np.concatenate([part.fallen for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )


def visible_person(script: Script, seed: int) -> Trajectory:
    """The person of a seed, or of the next one that stays in the picture."""
    person = generate(script, seed)
    while np.isfinite(person.keypoints[..., 0]).mean() < VISIBLE:
        seed += RETRY
        person = generate(script, seed)
    return person


def moments(frames: Iterable[tuple[Sequence[Pose], float]]) -> Iterator[tuple[float, Sights]]:
    """(second, what was seen until then) of one person through frames of at most one pose, every EVERY_S."""
    sights, first_s, last_s, told_s = Sights(), np.inf, -np.inf, -np.inf
    for poses, t in frames:
        for pose, body in zip(poses, measure(list(poses)), strict=True):
            if body.measurable:
                sights.see(pose.keypoints, body, t)
                first_s, last_s = min(first_s, t), t
        if t >= first_s + FIRST_S and t - last_s <= LOST_S and t - told_s >= EVERY_S - 0.01:
            told_s = t
            yield t, sights


def label_at(t: float, *, impact_s: float | None = None, onset_s: float | None = None) -> int | None:
    """1, 0 or None for a window that ends at second `t` of a clip with a fall."""
    if impact_s is not None:
        if t < impact_s - BEFORE_S:
            return 0
        return 1 if impact_s - AROUND_S <= t <= impact_s + AFTER_S else None
    if onset_s is None:
        return None
    if t < onset_s - 0.2:
        return 0
    return 1 if onset_s + ONSET_FALLEN_S[0] <= t <= onset_s + ONSET_FALLEN_S[1] else None
