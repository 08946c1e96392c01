"""Pictures of files: one, or every one of a file that moves.

A file is read, its header is judged (`header`: kind, size, end, turn), and only then is it decoded (`pixels`).
"""

from __future__ import annotations

import logging
import os
import stat
from functools import lru_cache
from pathlib import Path

from edgepose.errors import SourceError
from edgepose.files import reason
from edgepose.pictures.header import header_of, most_pixels
from edgepose.pictures.pixels import decode, decode_all
from edgepose.pictures.words import DamagedError, Header
from edgepose.types import Image

MAX_BYTES = 1 << 30
"""The largest file that is read into memory: 200 million pixels without compression and some more."""

_log = logging.getLogger(__name__)


def read_image(path: Path | str, *, upright: bool = True) -> Image:
    """One picture as uint8 (H, W, 3) BGR; grey, 16-bit and CMYK ones converted, transparency dropped.

    upright: turn it as its EXIF says; False keeps the rows as they are stored. Of a file that moves or has pages the
    first picture is read, and a warning says so. Raises SourceError when it is missing, empty, cut off, too large or
    no picture.
    """
    path = Path(path)
    data = _bytes(path)
    try:
        header = header_of(data)
        image = decode(data, header, upright=upright)
    except DamagedError as damaged:
        raise SourceError(f"picture '{path}' {damaged}") from None
    if header.n_pictures > 1:
        _say_first(path, header.n_pictures)
    return image


def read_moving(path: Path | str) -> list[tuple[float, Image]]:
    """Every picture of a file that moves (GIF, WebP, AVIF; PNG with Pillow), with the second at which it is shown.

    Where nothing installed reads more, the first picture, and a warning says so. Raises SourceError as `read_image`
    does, and where all pictures together are more than one may have.
    """
    path = Path(path)
    data = _bytes(path)
    try:
        header = header_of(data)
        width, height = header.size_wh
        if width * height * header.n_pictures > most_pixels(len(data)):
            raise DamagedError(
                f"holds {header.n_pictures} pictures of {width} x {height}, and {len(data)} bytes may be "
                f"{most_pixels(len(data))} pixels together; convert it to a video"
            )
        pictures = decode_all(data, header)
        if not pictures:
            pictures = [(0.0, decode(data, header, upright=True))]
            _say_first(path, header.n_pictures)
        return pictures
    except DamagedError as damaged:
        raise SourceError(f"picture '{path}' {damaged}") from None


def moves(path: Path | str) -> bool:
    """Whether a file holds several pictures shown one after the other; False where it cannot be read."""
    try:
        header: Header = header_of(_bytes(Path(path)))
    except (SourceError, DamagedError):
        return False
    return header.n_pictures > 1 and header.kind != "TIFF"


def _bytes(path: Path) -> bytes:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # a pipe would wait
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise SourceError(f"'{path}' is a folder or a device, not a picture; give a file")
            if facts.st_size > MAX_BYTES:
                raise SourceError(f"picture '{path}' has {facts.st_size} bytes, at most {MAX_BYTES} are read")
            data = file.read(MAX_BYTES)
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"cannot read picture '{path}': {reason(error)}") from None
    if not data:
        raise SourceError(f"picture '{path}' is empty (0 bytes)")
    return data


@lru_cache(maxsize=1024)
def _say_first(path: Path, n_pictures: int) -> None:
    """Once a file, since training reads it many times."""
    _log.warning(
        "'%s' holds %d pictures, only the first is read; give its others as files of their own", path, n_pictures
    )
