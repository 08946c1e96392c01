"""Grouping: fields of a whole picture in, people out.

`group` is the plain function; `Grouper` is the same for a stream of frames and keeps its working memory. Both give
poses in pixels of the network input; `preprocess.Letterbox` takes them to the source image.
"""

from __future__ import annotations

from edgepose.decode.check import checked_fields
from edgepose.decode.options import GroupOptions
from edgepose.decode.reference import group_reference
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Fields, FloatArray, Pose

__all__ = ["GroupOptions", "Grouper", "group"]

_DEFAULT = GroupOptions()


class Grouper:
    """Groups frame after frame. One per thread."""

    def __init__(self, skeleton: Skeleton = BODYPOSENET_18, options: GroupOptions = _DEFAULT) -> None:
        self.skeleton = skeleton
        self.options = options

    def __call__(self, fields: Fields) -> list[Pose]:
        """The people in `fields`, best first, in pixels of the network input; ShapeError when they do not fit."""
        return group_reference(checked_fields(fields, self.skeleton), self.skeleton, self.options)


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
    cell. NaN cells are read as empty. Raises ShapeError when an array does not fit the skeleton or the strides.
    """
    return Grouper(skeleton, options)(Fields(heatmaps, pafs, heatmap_stride, paf_stride))
