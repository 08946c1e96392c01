"""Calibration pictures: found, checked and divided into those that calibrate and those that judge.

A set that cannot tell the network's ranges is refused with the count and the remedy; nothing is made up in its place.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.int8.options import PictureOptions
from edgepose.errors import DataError, FileError, SourceError
from edgepose.files import sha256_of
from edgepose.pictures import list_images, read_image
from edgepose.types import Image

_log = logging.getLogger(__name__)

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Wraps a loop to show how far it is: (things, how many there are, a word for them)."""

Keep = Callable[[str, Image], None]
"""Takes the SHA-256 of a file and the picture in it, uint8 (h, w, 3) BGR."""

HASH_BITS = 64
MAX_DIFFERENT_BITS = 2
"""Difference hashes of neighbouring frames of a still scene differ by fewer bits than this."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One usable file: where it lies and the SHA-256 of its bytes, in hexadecimal."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class PictureSet:
    """What a folder gave.

    calibrate, judge: disjoint, in the order of the folder. found: files looked at. unreadable, blank, duplicates: how
    many of them were left out, and why.
    """

    calibrate: tuple[Picture, ...]
    judge: tuple[Picture, ...]
    found: int
    unreadable: int
    blank: int
    duplicates: int


def gather(folder: Path, options: PictureOptions, progress: Progress, keep: Keep | None = None) -> PictureSet:
    """Look through the pictures under `folder` and divide the good ones; DataError when the set is no good.

    keep: told the digest and the picture of each good one, as it is read.
    """
    paths = list_images(folder)
    if not paths:
        raise DataError(
            f"no pictures in '{folder}'; give a folder of JPEG or PNG files, or record one: edgepose capture"
        )
    paths = spread(paths, 2 * options.max_pictures)
    good: list[Picture] = []
    hashes: list[int] = []
    unreadable = blank = duplicates = 0
    for path in progress(paths, len(paths), "pictures checked"):
        try:
            image, digest = read_image(path), sha256_of(path)
        except (SourceError, FileError) as error:
            _log.warning("left out: %s", error)
            unreadable += 1
            continue
        if contrast(image) < options.min_contrast:
            blank += 1
            continue
        looks = difference_hash(image)
        if _seen(looks, hashes):
            duplicates += 1
            continue
        hashes.append(looks)
        good.append(Picture(path, digest))
        if keep is not None:
            keep(digest, image)
    counts = {"found": len(paths), "unreadable": unreadable, "blank": blank, "duplicates": duplicates}
    _refuse(folder, counts, len(good), options)
    calibrate, judge = divide(spread(good, options.max_pictures), options)
    return PictureSet(calibrate=tuple(calibrate), judge=tuple(judge), **counts)


def other_pictures(folder: Path, taken: Sequence[Picture], n: int, keep: Keep) -> tuple[Picture, ...]:
    """At most `n` readable pictures of a folder whose contents are not among `taken`, evenly spaced.

    keep: as `gather` has it.
    """
    known = {picture.sha256 for picture in taken}
    found = []
    for path in list_images(folder):
        with contextlib.suppress(FileError):
            picture = Picture(path, sha256_of(path))
            if picture.sha256 not in known:
                found.append(picture)
    good = [picture for picture in spread(found, 2 * n) if _kept(picture, keep)]
    return tuple(spread(good, n))


def _kept(picture: Picture, keep: Keep) -> bool:
    try:
        keep(picture.sha256, read_image(picture.path))
    except SourceError as error:
        _log.warning("left out: %s", error)
        return False
    return True


def readable(path: Path) -> bool:
    """Whether a picture can be decoded; a warning says why not."""
    try:
        read_image(path)
    except SourceError as error:
        _log.warning("left out: %s", error)
        return False
    return True


def divide(pictures: Sequence[Picture], options: PictureOptions) -> tuple[list[Picture], list[Picture]]:
    """Those that calibrate and those that judge: every n-th picture judges, so that both see the whole folder."""
    n_judge = min(options.max_held_out, max(1, round(len(pictures) * options.held_out)))
    judging = set(np.linspace(0, len(pictures) - 1, n_judge).round().astype(int).tolist())
    calibrate = [picture for k, picture in enumerate(pictures) if k not in judging]
    return calibrate, [pictures[k] for k in sorted(judging)]


def spread(things: Sequence[Any], n: int) -> list[Any]:
    """At most `n` of them, evenly spaced over the whole sequence."""
    if len(things) <= n:
        return list(things)
    return [things[int(k)] for k in np.linspace(0, len(things) - 1, n).round()]


def contrast(image: Image) -> float:
    """Standard deviation of the grey levels, 0 to 128."""
    return float(_grey(image)[::4, ::4].std())


def difference_hash(image: Image) -> int:
    """64 bits that say where brightness rises to the right on an 8x8 grid; equal for pictures that look alike."""
    import cv2

    small = cv2.resize(_grey(image), (9, 8), interpolation=cv2.INTER_AREA)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return int(np.packbits(bits).view(">u8")[0])


def _grey(image: Image) -> NDArray[np.float32]:
    """Mean of the three colours; a tenth of the time that NumPy takes along so short an axis."""
    import cv2

    return np.asarray(cv2.transform(image.astype(np.float32), np.full((1, 3), 1 / 3, np.float32)), np.float32)


def _seen(looks: int, hashes: Sequence[int]) -> bool:
    return any((looks ^ other).bit_count() <= MAX_DIFFERENT_BITS for other in hashes)


def _refuse(folder: Path, counts: dict[str, int], n_good: int, options: PictureOptions) -> None:
    found = counts["found"]
    if counts["blank"] > options.max_blank * found:
        raise DataError(
            f"{counts['blank']} of {found} pictures in '{folder}' are blank (one colour or nearly so), at most "
            f"{options.max_blank:.0%} may be; uncover the lens or light the room and capture again"
        )
    if counts["duplicates"] > options.max_duplicates * found:
        raise DataError(
            f"{counts['duplicates']} of {found} pictures in '{folder}' repeat an earlier one, at most "
            f"{options.max_duplicates:.0%} may; capture over a longer time: edgepose capture --source URI -n 500"
        )
    if n_good < options.min_pictures:
        left_out = f"{counts['unreadable']} unreadable, {counts['blank']} blank, {counts['duplicates']} repeated"
        raise DataError(
            f"calibration needs at least {options.min_pictures} different pictures, '{folder}' has {n_good} "
            f"({found} files, {left_out}); add pictures from the cameras it will run on: edgepose capture"
        )
