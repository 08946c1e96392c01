"""Grouping in NumPy, step by step, for people to read; the native core does the same steps in the same order."""

from __future__ import annotations

from edgepose.decode.assemble import assemble
from edgepose.decode.bridge import bridge
from edgepose.decode.limbs import score_limbs
from edgepose.decode.options import GroupOptions
from edgepose.decode.peaks import find_peaks
from edgepose.decode.people import people_of
from edgepose.decode.reach import reach_of
from edgepose.skeleton import Skeleton
from edgepose.types import Fields, Pose


def group_reference(fields: Fields, skeleton: Skeleton, options: GroupOptions) -> list[Pose]:
    """People in `fields`, best first, in pixels of the network input. `fields` must already be checked."""
    heatmaps = fields.heatmaps[: skeleton.n_keypoints]
    peaks = find_peaks(heatmaps, fields.heatmap_stride, options.peak_threshold, options.max_peaks)
    connections = score_limbs(
        peaks,
        fields.pafs,
        fields.paf_stride,
        skeleton.limb_array,
        options.sample_threshold,
        options.min_support,
    )
    fragments = assemble(peaks, connections)
    fragments = bridge(fragments, peaks, reach_of(skeleton), options.reach)
    min_keypoints = skeleton.at_least(options.min_keypoints)
    people = people_of(fragments, peaks, skeleton, min_keypoints, options.min_score)
    return [Pose(keypoints, score, skeleton) for keypoints, score in people]
