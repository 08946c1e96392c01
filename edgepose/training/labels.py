"""Who is in a picture, and what the network should say about a view of it: annotations, a teacher, or nobody.

Where a teacher draws, known people (annotated, or found by the teacher itself in the whole picture) are drawn into what
it misses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edgepose.annotations import read_place
from edgepose.decode import group
from edgepose.errors import DataError, SourceError
from edgepose.skeleton import Skeleton
from edgepose.training.augment import View, view_keypoints, view_maps, view_mask
from edgepose.training.coco import Picture
from edgepose.training.distill import Teacher, quarters_upright
from edgepose.training.targets import TargetOptions, draw_heatmaps, draw_pafs, fill_in
from edgepose.types import FloatArray, Image


class Labels(NamedTuple):
    """heatmaps: float32 (K + 1, s, s). pafs: float32 (2L, s, s). mask: float32 (s, s), 0 where ignored."""

    heatmaps: FloatArray
    pafs: FloatArray
    mask: FloatArray


class Labeller:
    """Draws the targets of one run. teacher: needed for pictures whose labels are the teacher's."""

    def __init__(self, skeleton: Skeleton, targets: TargetOptions, teacher: Teacher | None) -> None:
        self._skeleton = skeleton
        self._targets = targets
        self._teacher = teacher

    def people(self, picture: Picture) -> FloatArray:
        """(P, K, 3), picture pixels: the annotated people, or those the teacher finds where it draws the labels."""
        if picture.options.labels != "teacher" or len(picture.keypoints):
            return picture.keypoints
        assert self._teacher is not None
        image = read(picture)
        middle = float(np.sqrt(np.prod(picture.options.picture_px)))
        maps = self._seen(picture, image, middle)
        n_heatmaps = self._skeleton.n_keypoints + 1
        poses = group(maps[:n_heatmaps], maps[n_heatmaps:], skeleton=self._skeleton)
        people = np.array([pose.keypoints for pose in poses], np.float32).reshape(-1, self._skeleton.n_keypoints, 3)
        people[..., :2] = (people[..., :2] + 0.5) * image.shape[0] / (8 * maps.shape[1]) - 0.5
        return np.nan_to_num(people)

    def draw(self, picture: Picture, people: FloatArray, image: Image, view: View) -> Labels:
        """What the network should say about a view of the picture; people as `people` gave them."""
        skeleton, hw = self._skeleton, (view.size_px, view.size_px)
        moved = view_keypoints(people, view, skeleton)
        if picture.options.labels != "teacher":
            heatmaps = draw_heatmaps(moved, skeleton, hw, self._targets)
            return Labels(heatmaps, draw_pafs(moved, skeleton, hw, self._targets), view_mask(picture.mask(), view))
        whole = self._seen(picture, image, view.scale * image.shape[0])
        maps = view_maps(whole, image.shape[:2], view, skeleton)
        maps = fill_in(maps, moved, skeleton, hw, self._targets)
        n_heatmaps = skeleton.n_keypoints + 1
        return Labels(maps[:n_heatmaps], maps[n_heatmaps:], np.ones(maps.shape[1:], np.float32))

    def _seen(self, picture: Picture, image: Image, height: float) -> FloatArray:
        """The teacher's maps of the whole picture at about this height.

        It looks at the quarter turns that people are known to need, at all where nobody is annotated.
        """
        assert self._teacher is not None
        quarters: tuple[int, ...] = ()
        if picture.options.turns:
            known = picture.keypoints
            quarters = quarters_upright(known, self._skeleton) if len(known) else (1, 2, 3)
        return self._teacher.maps(image, self._teacher.level(height), quarters=quarters).astype(np.float32)


def read(picture: Picture) -> Image:
    """uint8 (H, W, 3) BGR, turned as its labels see it; DataError when the file is no picture."""
    try:
        return read_place(picture.place)
    except SourceError as error:
        raise DataError(f"{error}; or remove it from its list") from None
