"""Scaling a picture for a network: the one place where pixels are resampled, with the kernel that its contract names.

The picture shrinks by two to five on its way into a network, and the kernels differ there: what a network was trained
with is what it knows. `linear`, `cubic` and `area` are OpenCV's; `halving` takes exact means of 2 x 2 while the picture
is at least twice as large as wanted, then bilinear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepose.model import Kernel
from edgepose.types import Image

if TYPE_CHECKING:
    from types import ModuleType


class Resizer:
    """Scales pictures with one kernel; keeps scratch memory, so one per thread."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._cv2 = import_cv2()
        self._halves: dict[tuple[int, int], Image] = {}  # scratch by (width, height)

    def forget(self) -> None:
        """Let the scratch memory go: pictures of another size come."""
        self._halves.clear()

    def __call__(self, image: Image, target: Image) -> None:
        """Scale `image` uint8 (h, w, 3) to the size of `target` and write it there; a part of an array is fine."""
        cv2, (h, w) = self._cv2, target.shape[:2]
        if self.kernel == "halving":
            image = self._halved(image, (h, w))
            how = cv2.INTER_AREA if image.shape[:2] == (2 * h, 2 * w) else cv2.INTER_LINEAR
        elif self.kernel == "cubic":
            how = cv2.INTER_CUBIC
        elif self.kernel == "area" and image.shape[0] > h:
            how = cv2.INTER_AREA  # enlarging, OpenCV's area repeats pixels
        else:
            how = cv2.INTER_LINEAR
        cv2.resize(image, (w, h), dst=target, interpolation=how)

    def _halved(self, image: Image, hw: tuple[int, int]) -> Image:
        """The picture at the smallest even fraction that is still larger than `hw` (h, w), and at most twice as large.

        Bilinear samples two pixels a side; halving first by exact means keeps thin limbs of large pictures, at a tenth
        of what INTER_AREA takes for uneven factors.
        """
        h, w = hw
        while image.shape[0] >= 2 * h and image.shape[1] >= 2 * w and not (image.shape[0] % 2 or image.shape[1] % 2):
            size = (image.shape[1] // 2, image.shape[0] // 2)
            if size == (w, h):
                break
            if size not in self._halves:
                self._halves[size] = np.empty((size[1], size[0], 3), np.uint8)
            image = self._cv2.resize(image, size, dst=self._halves[size], interpolation=self._cv2.INTER_AREA)
        return image


def resized(image: Image, size_wh: tuple[int, int], kernel: Kernel) -> Image:
    """The picture, uint8 (h, w, 3), at this width and height."""
    target = np.empty((size_wh[1], size_wh[0], 3), np.uint8)
    Resizer(kernel)(image, target)
    return target


def import_cv2() -> ModuleType:
    """OpenCV; MissingDependencyError where it is not usable."""
    from edgepose.errors import MissingDependencyError

    try:
        import cv2
    except ImportError as error:
        raise MissingDependencyError(
            f"pictures are scaled with OpenCV, which is not usable here ({error}); install opencv-python-headless, or "
            "on a Jetson python3-opencv from JetPack"
        ) from None
    return cv2
