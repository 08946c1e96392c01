"""Labelled clips: what a manifest says about recordings and videos with and without falls.

A manifest is JSON with `clips`: each has clip_id, file (NPZ, relative to the manifest), fps, label (fall or not_fall),
dataset and camera; optionally split, activity, onset_frame, impact_frame, lies_from_start and video.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from edgepose.errors import DataError
from edgepose.files import reason

Form = TypeVar("Form")


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
    split: str = ""


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
    entries = read_manifest(path, Manifest, "clip_id, file, fps, label and dataset").clips
    clips = [_clip(entry, path.parent) for entry in entries if split is None or word(entry.split) == split]
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
        camera=word(entry.camera),
        activity=word(entry.activity),
        is_fall=entry.label == "fall",
        npz=folder / entry.file,
        video=folder / entry.video if entry.video else None,
        onset_s=second(entry.onset_frame),
        impact_s=second(entry.impact_frame),
        lies_from_start=entry.lies_from_start,
        split=word(entry.split),
    )


def read_manifest(path: Path, form: type[Form], needs: str) -> Form:
    """What a manifest holds, as the struct `form`. needs: what each clip has to have, for the DataError."""
    try:
        return msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=form)
    except OSError as error:
        raise DataError(f"manifest {str(path)!r} cannot be read: {reason(error)}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"manifest {str(path)!r} is not JSON with clips of {needs} ({error})") from error


def word(value: str | int | None) -> str:
    """A name in a manifest, which may be a number or missing."""
    return "" if value is None else str(value)
