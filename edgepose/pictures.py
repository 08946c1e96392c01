"""The one way to read and list pictures: prediction, evaluation, calibration, capture and training all use it."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from edgepose.errors import SourceError
from edgepose.types import Image

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})

_END_OF_JPEG, _END_OF_PNG = b"\xff\xd9", b"IEND"
_TAIL = 64 * 1024
"""Bytes at the end of a picture in which its end mark is looked for; some cameras append data of their own."""


def read_image(path: Path | str) -> Image:
    """One picture as uint8 (H, W, 3) BGR, turned upright as its EXIF says.

    Raises SourceError when it is missing, empty, cut off or no picture.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read picture '{path}': {(error.strerror or str(error)).lower()}") from None
    if not data:
        raise SourceError(f"picture '{path}' is empty (0 bytes)")
    tail = data[-_TAIL:]
    if (data.startswith(b"\xff\xd8") and _END_OF_JPEG not in tail) or (
        data.startswith(b"\x89PNG") and _END_OF_PNG not in tail
    ):
        raise SourceError(f"picture '{path}' is cut off: its end is missing")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None  # OpenCV refuses pictures beyond 2^30 pixels with an exception
    if image is None:
        raise SourceError(f"'{path}' is not a picture that OpenCV can decode")
    return np.asarray(image, np.uint8)


def list_images(folder: Path | str) -> list[Path]:
    """Pictures directly in a folder, in natural order (2 before 10). Raises SourceError when there are none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise SourceError(f"no folder '{folder}'; give a folder of pictures")
    found = [path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()]
    if not found:
        kinds = ", ".join(sorted(PICTURE_SUFFIXES))
        raise SourceError(f"folder '{folder}' holds no pictures ({kinds}); give one that does")
    return sorted(found, key=_natural)


def _natural(path: Path) -> list[tuple[int, int | str]]:
    words = re.split(r"(\d+)", path.name)
    return [(0, int(word)) if word.isdigit() else (1, word) for word in words]
