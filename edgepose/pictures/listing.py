"""Which files of a folder are pictures, and in which order."""

from __future__ import annotations

import re
from pathlib import Path

from edgepose.errors import SourceError
from edgepose.files import reason
from edgepose.pictures.header import N_MAGIC_BYTES, kind_of

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".gif", ".avif"}
    | {".heic", ".heif", ".hif", ".jp2", ".j2k", ".jxl", ".ppm", ".pgm", ".pbm", ".pnm"}
    | {".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".rw2", ".orf"}
)
"""Every file of these is a picture to somebody. Those that cannot be read are named and counted, never passed over."""

_APPLE_DOUBLE = "._"
"""Start of the names under which macOS keeps a file's attributes in archives and on foreign disks."""


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its name or, where that says nothing, by its first bytes."""
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return True
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return kind_of(file.read(N_MAGIC_BYTES)) is not None
    except OSError:
        return False


def list_images(folder: Path | str) -> list[Path]:
    """Pictures directly in a folder, in natural order (2 before 10), by their names alone.

    Raises SourceError when there are none.
    """
    folder = Path(folder)
    try:
        if not folder.is_dir():
            raise SourceError(f"no folder '{folder}'; give a folder of pictures")
        found = [path for path in folder.iterdir() if _is_named_so(path) and _may_be_file(path)]
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"cannot read folder '{folder}': {reason(error)}") from None
    if not found:
        raise SourceError(
            f"folder '{folder}' holds no pictures (.jpg, .png, .webp, .heic and so on); give one that does"
        )
    return sorted(found, key=_natural)


def _is_named_so(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(_APPLE_DOUBLE)


def _may_be_file(path: Path) -> bool:
    """Whether it is a file, or a link to one that is gone; pipes and folders are neither."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def _natural(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Decimal numbers by value, everything else (also digits that are no decimals, such as a superscript) by letter."""
    words = re.split(r"(\d+)", path.stem)
    return [(0, int(word), "") if at % 2 else (1, 0, word) for at, word in enumerate(words)], path.name
