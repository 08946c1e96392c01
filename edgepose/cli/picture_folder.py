"""The folder that `edgepose capture` fills: pictures that differ, readable by their owner only, resumable."""

from __future__ import annotations

import re
from pathlib import Path

from edgepose.engine.int8.pictures import contrast, difference_hash
from edgepose.errors import DataError, SourceError
from edgepose.files import reason
from edgepose.pictures import list_images, read_image, write_image
from edgepose.types import Image

JPEG_QUALITY = 95
MIN_CONTRAST = 8.0
"""Pictures with a smaller spread of grey levels show a covered lens or a dark room and calibrate nothing."""

MIN_DIFFERENT_BITS = 4
"""Bits of 64 by which the difference hashes of two kept pictures differ at least; `calibrate` asks for three."""

_NUMBER = re.compile(r"-(\d{6})\.jpg$")


class PictureFolder:
    """Calibration pictures of one folder. kept: how many there are. blank, alike: pictures refused so far, and why."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.blank = self.alike = 0
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"cannot write to '{folder}': {reason(error)}") from None
        self._hashes: list[int] = []
        self._next = 0
        for path in _pictures(folder):
            self._take_up(path)

    @property
    def kept(self) -> int:
        return len(self._hashes)

    def offer(self, name: str, image: Image) -> Path | None:
        """Keep a picture that is neither blank nor like one that is kept; its path, None when it was refused."""
        if contrast(image) < MIN_CONTRAST:
            self.blank += 1
            return None
        looks = difference_hash(image)
        if any((looks ^ other).bit_count() < MIN_DIFFERENT_BITS for other in self._hashes):
            self.alike += 1
            return None
        path = self._folder / f"{name}-{self._next:06d}.jpg"
        write_image(path, image, quality=JPEG_QUALITY)
        self._hashes.append(looks)
        self._next += 1
        return path

    def _take_up(self, path: Path) -> None:
        """Count a picture of an earlier run; one that was cut off by a power cut does not count."""
        found = _NUMBER.search(path.name)
        self._next = max(self._next, int(found.group(1)) + 1) if found else self._next
        try:
            self._hashes.append(difference_hash(read_image(path)))
        except SourceError:
            return


def _pictures(folder: Path) -> list[Path]:
    try:
        return list_images(folder)
    except SourceError:  # none yet
        return []
