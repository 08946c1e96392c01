"""Clips of people with what they do in them: which there are, and how each is played to the rules.

A manifest is JSON with `clips`: each has clip_id, file (NPZ, relative to the manifest), dataset and truth; optionally
activity (the class it is counted under), subject (who acts), split, and stills (its frames are unconnected pictures).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from edgepose.errors import DataError
from edgepose.replay.manifest import read_manifest, word
from edgepose.replay.recording import Recording, load_recording, recording_of
from edgepose.types import FloatArray

STILL_S, STILL_FPS = 1.4, 10.0  # how long a still is shown, and how often
NOISE = 0.0008  # of a held frame, in picture heights: a network's answer trembles too
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]
Posture = Literal["standing", "sitting", "crouching", "lying", "unknown"]
Gesture = Literal["hand_raised", "hands_up", "wave", "point_left", "point_right", "help"]
Activity = Literal["walking", "still", "sitting_down", "getting_up"]


class Truth(msgspec.Struct, frozen=True):
    """What has to be recognised in a clip, in EdgePose's words; a list names alternatives.

    posture: at the end. posture_not: never on the way. gesture: made in it, or "none". activity, activity_not: done
    and not done in it. to_and_fro_s: the clip may be played to and fro for so long, as an exercise goes on. hold_s:
    its first and its last frame are held for so long.
    """

    posture: list[Posture] | None = None
    posture_not: list[Posture] | None = None
    gesture: list[Gesture] | Literal["none"] | None = None
    activity: list[Activity] | None = None
    activity_not: list[Activity] | None = None
    to_and_fro_s: Seconds | None = None
    hold_s: tuple[Seconds, Seconds] | None = None


class Entry(msgspec.Struct, frozen=True):
    """One clip as a manifest writes it; what else stands there is passed over."""

    clip_id: str
    dataset: str
    file: Annotated[str, msgspec.Meta(min_length=1)]
    truth: Truth
    activity: str | int | None = None
    subject: str | int | None = None
    split: str | int | None = None
    stills: bool = False


class Manifest(msgspec.Struct, frozen=True):
    """The file itself."""

    clips: list[Entry]


@dataclass(frozen=True)
class Act:
    """A clip, or a file of stills. group: what it is counted under in its data set.

    half: the half of a file of stills that is meant, None for all of it.
    """

    clip_id: str
    dataset: str
    group: str
    npz: Path
    truth: Truth
    stills: bool
    half: int | None


def load_acts(
    path: str | Path,
    split: str | None = None,
    half: int | None = None,
    only: Collection[str] | None = None,
    leave_out: Collection[str] | None = None,
) -> list[Act]:
    """Clips of a manifest, of one split, one half of the people, some data sets; DataError where there are none.

    half: 1 or 2. People fall into one of both by their name, clips of nobody known by their own; of a file of stills
    each half has one end. So rules can be chosen on one half and judged on people never seen.
    """
    path = Path(path)
    entries = read_manifest(path, Manifest, "clip_id, file, dataset and truth").clips
    acts = [
        Act(one.clip_id, one.dataset, word(one.activity), path.parent / one.file, one.truth, one.stills, half)
        for one in entries
        if (split is None or word(one.split) == split)
        and (half is None or one.stills or _half(one) == half)
        and (not only or one.dataset in only)
        and one.dataset not in (leave_out or ())
    ]
    if not acts:
        raise DataError(
            f"manifest {str(path)!r} has no such clips; its splits are "
            f"{', '.join(sorted({word(one.split) or 'none' for one in entries})) or 'none'}, its data sets "
            f"{', '.join(sorted({one.dataset for one in entries})) or 'none'}"
        )
    return acts


def _half(entry: Entry) -> int:
    name = f"{entry.dataset} {word(entry.subject) or entry.clip_id}"
    return 1 + hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[0] % 2


def takes(act: Act, exercise_s: float = 0.0, n_stills: int = 40) -> Iterator[Recording]:
    """What is played to the rules of one clip: itself, its ends held where the truth says so; or each of its stills.

    exercise_s: play what may be played to and fro for so long. n_stills: at most about so many of one file.
    """
    recording = load_recording(act.npz)[0]
    if not act.stills and act.truth.hold_s is None and not (exercise_s and act.truth.to_and_fro_s):
        yield recording
        return
    keypoints, fps = _keypoints(recording), _fps(recording)
    rng = np.random.default_rng(len(keypoints))
    if act.stills:
        n = len(keypoints)
        ours = range(n) if act.half is None else range(n // 2) if act.half == 1 else range(n // 2, n)
        for i in ours[:: max(1, n // n_stills)]:
            shown = _held(keypoints[i], STILL_S, STILL_FPS, recording.size_wh[1], rng)
            yield recording_of(f"{recording.name} {i}", shown, STILL_FPS, recording.size_wh)
    elif act.truth.hold_s is not None:
        first, last = (
            _held(keypoints[i], seconds, fps, recording.size_wh[1], rng)
            for i, seconds in zip((0, -1), act.truth.hold_s, strict=True)
        )
        yield recording_of(recording.name, np.concatenate([first, keypoints, last]), fps, recording.size_wh)
    else:
        once = np.concatenate([keypoints, keypoints[-2:0:-1]])
        wanted = max(1, round(exercise_s * fps))
        long = np.concatenate([once] * -(-wanted // len(once)))[:wanted]
        yield recording_of(recording.name, long, fps, recording.size_wh)


def _keypoints(recording: Recording) -> FloatArray:
    """float32 (T, P, 18, 3) of a recording of plain poses, absent keypoints and people without a score."""
    people = [[person.keypoints for person in frame.people] for frame in recording.frames]  # type: ignore[union-attr]
    points = np.zeros((len(people), max(map(len, people), default=0), 18, 3), np.float32)
    for frame, found in zip(points, people, strict=True):
        if found:
            frame[: len(found)] = found
    return points


def _fps(recording: Recording) -> float:
    times = [frame.t for frame, _ in zip(recording.frames, range(2), strict=False)]
    return 1 / (times[1] - times[0]) if len(times) == 2 else STILL_FPS


def _held(frame: FloatArray, seconds: float, fps: float, height: int, rng: np.random.Generator) -> FloatArray:
    """A frame (P, 18, 3) over and over, with a little Gaussian noise."""
    many = np.repeat(frame[None], max(1, round(seconds * fps)), 0)
    many[..., :2] += rng.normal(0, NOISE * height, many[..., :2].shape).astype(np.float32)
    return many
