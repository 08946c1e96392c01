"""Falls against labels: which clips are detected as falls, how soon after the impact, and which are false alarms.

A manifest is JSON with `clips`: each has clip_id, file (NPZ, relative to the manifest), fps, label (fall or not_fall),
dataset and camera; optionally split, activity, onset_frame, impact_frame, lies_from_start and video.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from edgepose.errors import DataError
from edgepose.files import reason
from edgepose.replay.rules import Told

EARLY_S = 0.5  # longer before the labelled onset than this, a fall was not detected but guessed
ALARMS = ("suspected", "confirmed", "long_lie", "found_down")
"""Stages that detect a fall; on a clip without one any of them is a false alarm."""


@dataclass(frozen=True)
class Clip:
    """One labelled clip. onset_s, impact_s: when the fall begins and ends, None where that is not known.

    lies_from_start: somebody lies there from the first frame on, so that `found_down` is right.
    """

    clip_id: str
    dataset: str
    camera: str
    activity: str
    is_fall: bool
    npz: Path
    video: Path | None
    onset_s: float | None
    impact_s: float | None
    lies_from_start: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a clip. delay_s: from the impact to the first alarm, negative when it came while falling."""

    clip: Clip
    told: Sequence[Told]
    detected: bool
    confirmed: bool
    delay_s: float | None

    @property
    def right(self) -> bool:
        return self.detected == self.clip.is_fall


class Entry(msgspec.Struct, frozen=True):
    """One clip as a manifest writes it; what else stands there is passed over."""

    clip_id: str
    dataset: str
    label: Literal["fall", "not_fall"]
    file: Annotated[str, msgspec.Meta(min_length=1)]
    fps: Annotated[float, msgspec.Meta(gt=0, le=10_000)]
    camera: str | int | None = None
    activity: str | int | None = None
    split: str | int | None = None
    video: str | None = None
    onset_frame: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None
    impact_frame: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None
    lies_from_start: bool = False


class Manifest(msgspec.Struct, frozen=True):
    """The file itself."""

    clips: list[Entry]


def load_manifest(path: str | Path, split: str | None = None) -> list[Clip]:
    """Clips of a manifest, of one split where wanted; DataError when it is none or holds none."""
    path = Path(path)
    try:
        entries = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=Manifest).clips
    except OSError as error:
        raise DataError(f"manifest {str(path)!r} cannot be read: {reason(error)}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            f"manifest {str(path)!r} is not JSON with clips of clip_id, file, fps, label and dataset ({error})"
        ) from error
    clips = [_clip(entry, path.parent) for entry in entries if split is None or _word(entry.split) == split]
    if not clips:
        known = sorted({str(entry.split) for entry in entries}) or ["none at all"]
        raise DataError(f"manifest {str(path)!r} has no clips of split {split!r}; there are {', '.join(known)}")
    return clips


def _clip(entry: Entry, folder: Path) -> Clip:
    def second(frame: float | None) -> float | None:
        return None if frame is None else frame / entry.fps

    return Clip(
        clip_id=entry.clip_id,
        dataset=entry.dataset,
        camera=_word(entry.camera),
        activity=_word(entry.activity),
        is_fall=entry.label == "fall",
        npz=folder / entry.file,
        video=folder / entry.video if entry.video else None,
        onset_s=second(entry.onset_frame),
        impact_s=second(entry.impact_frame),
        lies_from_start=entry.lies_from_start,
    )


def _word(value: str | int | None) -> str:
    return "" if value is None else str(value)


def judge(clip: Clip, told: Sequence[Told]) -> Outcome:
    """Hold the events of a clip against its label: any of ALARMS counts, not earlier than EARLY_S before the onset."""
    earliest_s = -1.0 if clip.onset_s is None or not clip.is_fall else clip.onset_s - EARLY_S
    falls = [one.event for one in told if one.event.kind == "fall" and one.event.t >= earliest_s]
    alarms = [event for event in falls if event.stage in ALARMS]
    if clip.lies_from_start and not clip.is_fall:
        alarms = [event for event in alarms if event.stage != "found_down"]
    confirmed = any(event.stage == "confirmed" for event in alarms)
    delay_s = alarms[0].t - clip.impact_s if alarms and clip.is_fall and clip.impact_s is not None else None
    return Outcome(clip, told, bool(alarms), confirmed, delay_s)


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Counts per data set, per camera and in all, delays, and the wrong clips."""
    datasets = sorted({outcome.clip.dataset for outcome in outcomes})
    cameras = sorted({(outcome.clip.dataset, outcome.clip.camera) for outcome in outcomes})
    delays = sorted(outcome.delay_s for outcome in outcomes if outcome.delay_s is not None)
    return {
        "clips": len(outcomes),
        "all": _counts(outcomes),
        "datasets": {name: _counts(one for one in outcomes if one.clip.dataset == name) for name in datasets},
        "cameras": {
            f"{dataset} {camera}".strip(): _counts(
                one for one in outcomes if (one.clip.dataset, one.clip.camera) == (dataset, camera)
            )
            for dataset, camera in cameras
        },
        "delay_s": {"n": len(delays), "median": statistics.median(delays), "worst": delays[-1]} if delays else {},
        "wrong": [
            {"clip": one.clip.clip_id, "label": "fall" if one.clip.is_fall else "not_fall", "stages": _words(one)}
            for one in outcomes
            if not one.right or (one.confirmed and not one.clip.is_fall)
        ],
    }


def _counts(outcomes: Iterable[Outcome]) -> dict[str, int | float]:
    outcomes = list(outcomes)
    falls = [one for one in outcomes if one.clip.is_fall]
    daily = [one for one in outcomes if not one.clip.is_fall]
    detected, false_alarms = sum(one.detected for one in falls), sum(one.detected for one in daily)
    counts: dict[str, int | float] = {
        "falls": len(falls),
        "detected": detected,
        "confirmed": sum(one.confirmed for one in falls),
        "not_falls": len(daily),
        "false_alarms": false_alarms,
        "confirmed_false": sum(one.confirmed for one in daily),
    }
    if falls:
        counts["sensitivity"] = round(detected / len(falls), 3)
    if daily:
        counts["specificity"] = round(1 - false_alarms / len(daily), 3)
    return counts


def _words(outcome: Outcome) -> list[str]:
    return [f"{one.event.stage} {one.event.t:.2f} s" for one in outcome.told if one.event.kind == "fall"]
