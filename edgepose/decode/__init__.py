"""Grouping: fields of a whole picture in, people out.

`group` is the plain function; `Grouper` is the same for a stream of frames and keeps its working memory. Both give
poses in pixels of the network input; `preprocess.Letterbox` takes them to the source image. The steps are peaks,
limbs, assemble, bridge, people: in NumPy to read, and under the same names in native/ for the board.
"""

from __future__ import annotations

from functools import lru_cache

from edgepose.decode.grouper import Grouper
from edgepose.decode.options import GroupOptions
from edgepose.options import given
from edgepose.skeleton import BODYPOSENET_18, Skeleton, given_skeleton
from edgepose.types import Fields, FloatArray, Pose

__all__ = ["GroupOptions", "Grouper", "group"]

_DEFAULT = GroupOptions()


def group(
    heatmaps: FloatArray,
    pafs: FloatArray,
    *,
    skeleton: Skeleton = BODYPOSENET_18,
    heatmap_stride: float = 8,
    paf_stride: float = 8,
    options: GroupOptions = _DEFAULT,
) -> list[Pose]:
    """The people in one picture's fields, best first, in pixels of the network input.

    heatmaps: (C >= K, h, w), any floating type; pafs: (2L, h', w'). heatmap_stride, paf_stride: input pixels per
    cell. NaN cells are read as empty. Raises ShapeError when an array does not fit the skeleton or the strides,
    ConfigError for what is no skeleton and no options.

    >>> import edgepose, numpy
    >>> edgepose.group(numpy.zeros((19, 32, 40)), numpy.zeros((38, 32, 40)))
    []
    """
    return _grouper(given_skeleton(skeleton), given(options, GroupOptions))(
        Fields(heatmaps, pafs, heatmap_stride, paf_stride)
    )


@lru_cache(maxsize=4)
def _grouper(skeleton: Skeleton, options: GroupOptions) -> Grouper:
    """One grouper for the calls that ask for the same."""
    return Grouper(skeleton, options)
