"""Sights of many pictures as one small file, keyed by the pictures' SHA-256, without the pictures; with credits."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from edgepose.errors import DataError
from edgepose.files import ORDINARY, write_atomically
from edgepose.options import Options
from edgepose.training.teacher.fused import LookOptions
from edgepose.training.teacher.judge import JudgeOptions
from edgepose.training.teacher.sight import Sight


class Labelled(Options, frozen=True):
    """One picture's sight, where it comes from and under which licence."""

    file: str
    source: str
    licence: str
    sight: Sight


class LabelFile(Options, frozen=True):
    """look, judge: how labels came to be. key: `recipe_key`. pictures: by SHA-256 of the picture file."""

    look: LookOptions
    judge: JudgeOptions
    key: str
    teachers: Annotated[dict[str, str], Meta(description="file name to SHA-256")]
    pictures: dict[str, Labelled]


def write_labels(path: Path, labels: LabelFile) -> None:
    """JSON, compressed when the name ends in .gz; the same labels give the same bytes."""
    ordered = msgspec.structs.replace(labels, pictures=dict(sorted(labels.pictures.items())))
    data = msgspec.json.encode(ordered)
    write_atomically(path, gzip.compress(data, 9, mtime=0) if path.suffix == ".gz" else data, ORDINARY)


def read_labels(path: Path) -> LabelFile:
    """What `write_labels` wrote; DataError for anything else."""
    try:
        data = path.read_bytes()
        return msgspec.json.decode(gzip.decompress(data) if path.suffix == ".gz" else data, type=LabelFile)
    except OSError as error:
        raise DataError(
            f"cannot read labels '{path}' ({error}); make them with python -m edgepose.training.teacher"
        ) from None
    except (msgspec.DecodeError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' is no file of the fused teacher's labels ({error}); make it anew") from None
