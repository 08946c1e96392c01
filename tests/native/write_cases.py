"""Writes grouping cases with the NumPy reference's answers for check_cases.cpp: `write_cases.py DIR`.

People at three sizes and strides, noise with holes, ties, and empty maps, each with its own options.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from builders import fields_of, lying, sitting, standing

from edgepose.decode import GroupOptions
from edgepose.decode.limbs import max_misses
from edgepose.decode.reach import reach_of
from edgepose.decode.reference import group_reference
from edgepose.skeleton import BODYPOSENET_18, TRT_POSE_18, Skeleton
from edgepose.types import Fields

Case = tuple[Fields, Skeleton, GroupOptions]


def cases() -> Iterator[Case]:
    rng = np.random.default_rng(2)
    figures = (standing, sitting, lying)
    for paf_stride in (2, 4, 8):
        for n_people in (0, 1, 4, 12):
            people = [
                figures[rng.integers(3)](tuple(rng.uniform(0, 224, 2)), rng.uniform(30, 200), rng.uniform(0.2, 1))
                for _ in range(n_people)
            ]
            fields = fields_of(people, (160, 224), paf_stride=paf_stride)
            for maps in (fields.heatmaps, fields.pafs):
                maps += rng.normal(0, 0.03, maps.shape).astype(np.float32)
            yield fields, BODYPOSENET_18, GroupOptions()
    for hw in ((1, 1), (1, 40), (13, 7), (20, 35)):
        for skeleton in (BODYPOSENET_18, TRT_POSE_18):
            heatmaps = rng.normal(0, 0.4, (skeleton.n_keypoints + 1, *hw)).astype(np.float32)
            pafs = rng.normal(0, 0.6, (skeleton.n_pafs, *hw)).astype(np.float32)
            for maps in (heatmaps, pafs):
                for hole in (np.nan, np.inf, -np.inf):
                    maps[rng.random(maps.shape) < 0.02] = hole
            yield Fields(heatmaps, pafs), skeleton, GroupOptions(max_peaks=20, min_support=0.5, min_score=0.0)
    for levels in (2, 3, 4):
        heatmaps = rng.integers(0, levels, (19, 6, 17)).astype(np.float32) / levels
        pafs = rng.integers(-1, 2, (38, 6, 17)).astype(np.float32)
        yield Fields(heatmaps, pafs), BODYPOSENET_18, GroupOptions(min_keypoints=2, min_score=0.0)


def write(path: Path, case: Case) -> None:
    """One case in the order that check_cases.cpp reads."""
    fields, skeleton, o = case
    poses = group_reference(fields, skeleton, o)
    counts = (skeleton.n_keypoints, skeleton.n_limbs, *fields.heatmaps.shape, *fields.pafs.shape)
    counts += (o.max_peaks, max_misses(o.min_support), o.min_keypoints, len(poses))
    numbers = (fields.heatmap_stride, fields.paf_stride, o.peak_threshold, o.sample_threshold, o.reach, o.min_score)
    with path.open("wb") as file:
        for array, dtype in (
            (counts, np.int32),
            (numbers, np.float64),
            (skeleton.limb_array, np.int32),
            (reach_of(skeleton), np.float32),
            (fields.heatmaps, np.float32),
            (fields.pafs, np.float32),
            ([pose.keypoints for pose in poses], np.float32),
            ([pose.score for pose in poses], np.float32),
        ):
            file.write(np.asarray(array, dtype).tobytes())


def main() -> None:
    folder = Path(sys.argv[1])
    for number, case in enumerate(cases()):
        write(folder / f"case_{number:02d}.bin", case)


if __name__ == "__main__":
    main()
