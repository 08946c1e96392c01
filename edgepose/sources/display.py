"""From the picture that was recorded to the one a player shows: square pixels, upright, not mirrored."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from edgepose.errors import SourceError
from edgepose.types import Image

MAX_SIDE, MAX_PIXELS = 8192, 36_000_000
"""Largest picture of a video: 8K (7680x4320) fits in both directions. A decoder holds up to 16 such pictures."""

_SANE_PIXELS = (0.1, 10.0)
"""Width of a pixel in pixel heights. Real ones lie between 0.5 and 2.2; beyond this the header is damaged."""

_SQUARE = 0.01
"""Pixels this near to square come from display sizes rounded to whole pixels, and are left as they are."""


class TooLargeError(SourceError):
    """A video whose pictures are larger than is read; no other library is asked."""


class Turn(NamedTuple):
    """How a recorded picture is laid before the viewer: rows and columns swapped first, then mirrored."""

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False


_ROTATIONS = {
    Turn(False, True, True): cv2.ROTATE_180,
    Turn(True, True, False): cv2.ROTATE_90_CLOCKWISE,
    Turn(True, False, True): cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def turn_of_matrix(a: float, b: float, c: float, d: float) -> Turn:
    """The nearest of the eight turns to a display matrix (ISO 14496-12): (x, y) goes to (a x + c y, b x + d y)."""
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Turn(False, a < 0, d < 0)
    return Turn(True, c < 0, b < 0)


def turn_of_degrees(clockwise: float) -> Turn:
    """The nearest quarter turn."""
    quarters = (Turn(), Turn(True, True, False), Turn(False, True, True), Turn(True, False, True))
    return quarters[round(clockwise / 90) % 4]


def turned(image: Image, turn: Turn) -> Image:
    """`image` as the viewer sees it; the same array where there is nothing to turn."""
    if turn == Turn():
        return image
    if turn in _ROTATIONS:
        return np.asarray(cv2.rotate(image, _ROTATIONS[turn]), np.uint8)
    if turn.transpose:
        image = np.asarray(cv2.transpose(image), np.uint8)
    if not (turn.flip_x or turn.flip_y):
        return image
    axes = -1 if turn.flip_x and turn.flip_y else int(turn.flip_x)  # OpenCV: 1 mirrors left and right, 0 up and down
    return np.asarray(cv2.flip(image, axes), np.uint8)


def square_wh(size_wh: tuple[int, int], pixel_aspect: float) -> tuple[int, int]:
    """Size with square pixels. The side that gains is stretched, so that no recorded detail is lost.

    pixel_aspect: width of a recorded pixel in its heights (SAR); 0 or an absurd one is taken as square.
    """
    width, height = size_wh
    if abs(pixel_aspect - 1) < _SQUARE or not _SANE_PIXELS[0] <= pixel_aspect <= _SANE_PIXELS[1]:
        return size_wh
    return (round(width * pixel_aspect), height) if pixel_aspect > 1 else (width, round(height / pixel_aspect))


def check_size(label: str, size_wh: tuple[int, int]) -> None:
    """Raises TooLargeError for pictures larger than a video may have, before memory is taken for one."""
    width, height = size_wh
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise TooLargeError(
            f"cannot read {label}: its pictures are {width}x{height}, and a video may have at most {MAX_SIDE} pixels "
            f"a side and {MAX_PIXELS // 10**6} million in all; scale it down first: ffmpeg -i IN -vf scale=1920:-2 OUT"
        )
