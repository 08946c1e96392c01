"""What comes in: a picture of a source, and what a network says about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""uint8 (H, W, 3), BGR."""

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of one source.

    image: uint8 (H, W, 3) BGR.
    t: monotonic second at which it was captured (for files: the presentation time).
    seq: 0-based number of the frame in its source, counting dropped ones.
    source: name of the camera or file it came from.

    >>> import edgepose, numpy
    >>> frame = edgepose.Frame(numpy.zeros((240, 320, 3), numpy.uint8), t=0.04, seq=1, source="hall")
    >>> frame.image.shape, frame.seq
    ((240, 320, 3), 1)
    """

    image: Image
    t: float
    seq: int
    source: str = "default"


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """What the network says about one picture, in network-input coordinates.

    heatmaps: float32 (C >= K, h, w), channel k = keypoint k; a background channel may follow.
    pafs: float32 (2L, h', w'), channels as `Skeleton.paf_channels` says.
    heatmap_stride, paf_stride: input pixels per cell; cell g lies at pixel (g + 0.5) * stride - 0.5.

    >>> import edgepose, numpy
    >>> heatmaps, pafs = numpy.zeros((19, 32, 40), numpy.float32), numpy.zeros((38, 32, 40), numpy.float32)
    >>> fields = edgepose.Fields(heatmaps, pafs, heatmap_stride=8, paf_stride=8)
    >>> edgepose.group(fields.heatmaps, fields.pafs, heatmap_stride=8, paf_stride=8)
    []
    """

    heatmaps: FloatArray
    pafs: FloatArray
    heatmap_stride: float = 8.0
    paf_stride: float = 8.0
