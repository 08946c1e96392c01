"""Grouper: checks the fields, hands them to the native core in one call, and makes poses of what comes back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edgepose.decode.check import checked_fields
from edgepose.decode.limbs import max_misses
from edgepose.decode.options import GroupOptions
from edgepose.decode.reach import reach_of
from edgepose.decode.reference import group_reference
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.types import Fields, Pose

if TYPE_CHECKING:
    from edgepose.decode import _native

_log = logging.getLogger(__name__)


class Grouper:
    """Groups frame after frame and keeps its working memory. The GIL is free while it works; threads take turns.

    native: whether the compiled core does the work; where it was not built, the NumPy reference does, about a thousand
    times slower, and the log says so once.
    """

    def __init__(self, skeleton: Skeleton = BODYPOSENET_18, options: GroupOptions = GroupOptions()) -> None:  # noqa: B008
        self.skeleton = skeleton
        self.options = options
        self._core = native_core(skeleton, options)
        self.native = self._core is not None

    def __call__(self, fields: Fields) -> list[Pose]:
        """The people in `fields`, best first, in pixels of the network input; ShapeError when they do not fit."""
        fields = checked_fields(fields, self.skeleton)
        if self._core is None:
            return group_reference(fields, self.skeleton, self.options)
        keypoints, scores = self._core.group(
            fields.heatmaps, fields.pafs, float(fields.heatmap_stride), float(fields.paf_stride)
        )
        return [Pose(person, score, self.skeleton) for person, score in zip(keypoints, scores.tolist(), strict=True)]


def native_core(skeleton: Skeleton, options: GroupOptions) -> _native.Grouper | None:
    """The compiled core set up for a skeleton, or None where it was not built."""
    try:
        from edgepose.decode import _native
    except ImportError as error:
        _log.warning("the native core is not built (%s); grouping in NumPy. Build it with: pip install -e .", error)
        return None
    settings = _native.Options(
        peak_threshold=options.peak_threshold,
        max_peaks=options.max_peaks,
        sample_threshold=options.sample_threshold,
        max_misses=max_misses(options.min_support),
        reach=options.reach,
        min_keypoints=skeleton.at_least(options.min_keypoints),
        min_score=options.min_score,
    )
    return _native.Grouper(
        n_keypoints=skeleton.n_keypoints,
        limbs=skeleton.limb_array.ravel().tolist(),
        reach=reach_of(skeleton).ravel().tolist(),
        options=settings,
    )
