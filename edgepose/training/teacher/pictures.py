"""Which pictures are labelled: a manifest's that may teach, or a plain folder's."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from edgepose.errors import DataError
from edgepose.pictures import list_images


class Entry(NamedTuple):
    """file: as the manifest names it. path: where it lies."""

    path: Path
    file: str
    source: str
    licence: str


class Row(msgspec.Struct, frozen=True):
    """What is read of a manifest's row."""

    file: str
    source: str = ""
    licence: str = ""
    may_teach: bool = False
    torso_angle_deg: float | None = None


def entries(folder: Path, words: Sequence[str] | None = None, at_most: Sequence[str] = ()) -> list[Entry]:
    """The pictures of a folder, those with the first word first.

    words: only pictures whose path has one of them. at_most: `word=n`; of the pictures whose path has the word n are
    taken, those whose trunk is known to lie first, evenly drawn otherwise. DataError for a broken manifest or limit.
    """
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return [Entry(path, path.name, "", "") for path in list_images(folder)]
    try:
        rows = [row for row in msgspec.json.decode(manifest.read_bytes(), type=list[Row]) if row.may_teach]
    except (msgspec.DecodeError, OSError) as error:
        raise DataError(
            f"'{manifest}' is no list of pictures with file, source, licence and may_teach ({error})"
        ) from None
    for text in at_most:
        word, _, number = text.partition("=")
        if not number.isdigit():
            raise DataError(f"{text!r} is no WORD=N; give such as exercise=500")
        rows = limited(rows, word, int(number))
    if words:
        rows = [row for word in words for row in rows if word in row.file]
    return [Entry(folder / row.file, row.file, row.source, row.licence) for row in dict.fromkeys(rows)]


def limited(rows: Sequence[Row], word: str, n: int) -> list[Row]:
    """The rows, of those with the word in their path only `n`, lying ones first."""
    some = [row for row in rows if word in row.file]
    random.Random(0).shuffle(some)
    some.sort(key=lambda row: abs(row.torso_angle_deg or 0) <= 45)
    kept = set(some[:n])
    return [row for row in rows if word not in row.file or row in kept]
