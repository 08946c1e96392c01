"""Who is in a picture, and what the network should say about a view of it: annotations, a teacher, or nobody.

Where a teacher draws, known people (annotated, or found by the teacher itself in the whole picture) are drawn into what
it misses.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edgepose.annotations import read_place
from edgepose.decode import group
from edgepose.errors import DataError, SourceError
from edgepose.skeleton import Skeleton
from edgepose.training.data.anchored import DRAWN, Crowd, anchored
from edgepose.training.data.augment import View, view_keypoints, view_maps, view_mask
from edgepose.training.data.coco import Picture
from edgepose.training.data.targets import TargetOptions, draw_heatmaps, draw_pafs, fill_in
from edgepose.training.data.trusted import Trusted
from edgepose.training.teacher.dense import Teacher, quarters_upright
from edgepose.types import FloatArray, Image


class KeptMaps(Protocol):
    """Dense maps (K + 1 + 2L, h, w) of whole pictures by the SHA-256 of their files; None for those not kept."""

    def maps(self, picture_sha: str) -> NDArray[np.float16] | None:
        """The maps of one picture."""
        ...


class Labels(NamedTuple):
    """heatmaps: float32 (K + 1, s, s). pafs: float32 (2L, s, s).

    mask: float32 (K + 1 + 2L, s, s), heatmaps first: 0 where ignored, else what an error there weighs, up to 1.
    """

    heatmaps: FloatArray
    pafs: FloatArray
    mask: FloatArray


class Labeller:
    """Draws the targets of one run. teacher: needed for pictures whose labels are the teacher's.

    trusted: pictures whose people have chances. kept: dense maps that the fused teacher left of those.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        targets: TargetOptions,
        teacher: Teacher | None,
        trusted: Mapping[Path, Trusted] | None = None,
        kept: KeptMaps | None = None,
    ) -> None:
        self._skeleton = skeleton
        self._targets = targets
        self._teacher = teacher
        self._trusted = trusted or {}
        self._kept = kept

    def people(self, picture: Picture) -> FloatArray:
        """(P, K, 3), picture pixels: the annotated people, or those the teacher finds where it draws the labels."""
        if picture.options.labels == "teacher" and picture.path in self._trusted:
            known = self._trusted[picture.path].keypoints
            drawn = known * (known[..., 2:] >= DRAWN)
            return drawn[drawn.any((1, 2))]
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
            pafs = draw_pafs(moved, skeleton, hw, self._targets)
            return Labels(heatmaps, pafs, every_channel(view_mask(picture.mask(), view), skeleton))
        whole = self._seen(picture, image, view.scale * image.shape[0])
        maps = view_maps(whole, image.shape[:2], view, skeleton)
        trusted = self._trusted.get(picture.path)
        if trusted is not None:
            return self._anchored(maps, picture, trusted, view)
        maps = fill_in(maps, moved, skeleton, hw, self._targets)
        n_heatmaps = skeleton.n_keypoints + 1
        return Labels(maps[:n_heatmaps], maps[n_heatmaps:], np.ones_like(maps))

    def _anchored(self, maps: FloatArray, picture: Picture, trusted: Trusted, view: View) -> Labels:
        """The teacher's maps of a view with the fused teacher's people drawn in."""
        n = self._skeleton.n_keypoints + 1
        people = Crowd(view_keypoints(trusted.keypoints, view, self._skeleton), trusted.lies)
        nobody, doubtful = (
            view_mask(boxes_mask(boxes, picture.size_wh), view) == 0 for boxes in (trusted.refused, trusted.doubtful)
        )
        targets = anchored(maps, people, nobody, doubtful, self._skeleton, self._targets)
        return Labels(targets.maps[:n], targets.maps[n:], targets.weights)

    def _seen(self, picture: Picture, image: Image, height: float) -> FloatArray:
        """The teacher's maps of the whole picture at about this height.

        It looks at the quarter turns that people are known to need, at all where nobody is annotated.
        """
        assert self._teacher is not None
        trusted = self._trusted.get(picture.path)
        if trusted is not None and not picture.options.anchor:
            return nobody(self._skeleton)
        if trusted is not None and self._kept is not None:
            maps = self._kept.maps(trusted.sha256)
            if maps is not None:
                return maps.astype(np.float32)
        quarters: tuple[int, ...] = ()
        if picture.options.turns and trusted is None:
            known = picture.keypoints
            quarters = quarters_upright(known, self._skeleton) if len(known) else (1, 2, 3)
        return self._teacher.maps(image, self._teacher.level(height), quarters=quarters).astype(np.float32)


def every_channel(mask: FloatArray, skeleton: Skeleton) -> FloatArray:
    """float32 (K + 1 + 2L, s, s): one mask for all maps."""
    return np.repeat(mask[None], skeleton.n_keypoints + 1 + skeleton.n_pafs, 0)


def nobody(skeleton: Skeleton) -> FloatArray:
    """float32 (K + 1 + 2L, 8, 8): maps of a picture without anybody."""
    maps = np.zeros((skeleton.n_keypoints + 1 + skeleton.n_pafs, 8, 8), np.float32)
    maps[skeleton.n_keypoints] = 1.0
    return maps


def boxes_mask(boxes: FloatArray, size_wh: tuple[int, int]) -> NDArray[np.bool_]:
    """bool (H, W): True inside any of the boxes (n, 4) x, y, w, h."""
    mask = np.zeros((size_wh[1], size_wh[0]), bool)
    for x, y, w, h in boxes:
        mask[max(0, int(y)) : int(y + h) + 1, max(0, int(x)) : int(x + w) + 1] = True
    return mask


def read(picture: Picture) -> Image:
    """uint8 (H, W, 3) BGR, turned as its labels see it; DataError when the file is no picture."""
    try:
        return read_place(picture.place)
    except SourceError as error:
        raise DataError(f"{error}; or remove it from its list") from None
