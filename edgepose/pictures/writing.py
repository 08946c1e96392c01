"""Pictures of people onto the disk: readable by their owner only, whole or not at all, through no link."""

from __future__ import annotations

from pathlib import Path

from edgepose.errors import FileError
from edgepose.files import write_atomically
from edgepose.types import Image

JPEG_QUALITY = 90


def write_image(path: Path, image: Image, *, quality: int = JPEG_QUALITY, durable: bool = True) -> None:
    """Encode uint8 (H, W, 3) BGR as the ending of `path` says (.jpg, .png, ...) and put it there with mode 0600.

    quality: of JPEG, 0 to 100. durable: see `files.replacing`. Raises FileError where the ending is no picture's or
    the file cannot be written.
    """
    import cv2

    try:
        of_jpeg = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix.lower() in (".jpg", ".jpeg") else []
        done, data = cv2.imencode(path.suffix, image, of_jpeg)
    except cv2.error:
        done, data = False, None
    if not done or data is None:
        height, width = image.shape[:2]
        raise FileError(
            f"cannot write a picture of {width} x {height} as '{path}'; give a file that ends in .jpg or .png"
        )
    write_atomically(path, data.tobytes(), durable=durable)
