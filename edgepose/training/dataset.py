"""Pictures into training samples. A sample depends on (seed, epoch, number) alone, so a resumed run sees the same."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import cv2
import numpy as np
import torch
from msgspec import Meta
from numpy.random import Generator
from torch import Tensor
from torch.utils.data import Dataset

from edgepose.decode import group
from edgepose.errors import DataError
from edgepose.options import Options
from edgepose.skeleton import Skeleton
from edgepose.training.augment import ViewOptions, draw_view, view_image, view_keypoints, view_maps, view_mask
from edgepose.training.coco import Picture, SetOptions, read_set
from edgepose.training.distill import Teacher, quarters_upright
from edgepose.training.photometric import LightOptions, relight
from edgepose.training.targets import TargetOptions, draw_heatmaps, draw_pafs, fill_in
from edgepose.types import FloatArray, Image


class DataOptions(Options, frozen=True):
    """What a run learns from."""

    sets: Annotated[tuple[SetOptions, ...], Meta(description="sets of pictures, mixed by weight")] = ()
    samples_per_epoch: Annotated[int, Meta(ge=1, description="crops that make one epoch")] = 1000
    view: Annotated[ViewOptions, Meta(description="how crops are cut")] = ViewOptions()
    light: Annotated[LightOptions, Meta(description="how crops are relit")] = LightOptions()
    targets: Annotated[TargetOptions, Meta(description="how people become maps")] = TargetOptions()


class Sample(NamedTuple):
    """image: uint8 (3, S, S) BGR. heatmaps: (K + 1, s, s). pafs: (2L, s, s). mask: (1, s, s), 0 where ignored."""

    image: Tensor
    heatmaps: Tensor
    pafs: Tensor
    mask: Tensor


class PoseDataset(Dataset[Sample]):
    """Draws the samples of one epoch; set the epoch with `start_epoch` before iterating.

    Any number of worker processes may read it. teacher: needed when a set's labels are the teacher's.
    """

    def __init__(self, options: DataOptions, skeleton: Skeleton, seed: int = 0, teacher: Teacher | None = None) -> None:
        if not options.sets:
            raise DataError("the configuration names no set of pictures; add one under [[data.sets]]")
        if teacher is None and any(one.labels == "teacher" for one in options.sets):
            raise DataError("a set's labels are 'teacher', but no teacher is given; set distill.teacher to a network")
        self.options = options
        self.skeleton = skeleton
        self.seed = seed
        self.epoch = 0
        self._teacher = teacher
        self._pictures: list[list[Picture]] = [read_set(one, skeleton) for one in options.sets]
        weights = np.array([one.weight for one in options.sets])
        self._weights = weights / weights.sum()
        self._people = {picture.path: self._known_people(picture) for one in self._pictures for picture in one}

    def __len__(self) -> int:
        return self.options.samples_per_epoch

    def start_epoch(self, epoch: int) -> None:
        """From now on `self[i]` is sample i of this epoch."""
        self.epoch = epoch

    def __getitem__(self, index: int) -> Sample:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        pictures = self._pictures[int(rng.choice(len(self._weights), p=self._weights))]
        if pictures[0].options.labels == "teacher":
            somebody = rng.random() >= pictures[0].options.nobody
            pictures = [p for p in pictures if (len(self._people[p.path]) > 0) == somebody] or pictures
        picture = pictures[int(rng.integers(len(pictures)))]
        image = _read(picture)
        if picture.options.labels == "keypoints":
            return self._annotated(picture, image, rng)
        return self._whole(picture, image, rng)

    def _annotated(self, picture: Picture, image: Image, rng: Generator) -> Sample:
        """A crop about one of the annotated people, targets drawn from all of them."""
        options = self.options
        x, y, size = picture.main[int(rng.integers(len(picture.main)))]
        scale = rng.uniform(*options.view.person_scale) * options.view.crop_px / size
        view = draw_view(rng, (x, y), scale, options.view)
        keypoints = view_keypoints(picture.keypoints, view, self.skeleton)
        hw = (options.view.crop_px, options.view.crop_px)
        heatmaps = draw_heatmaps(keypoints, self.skeleton, hw, options.targets)
        pafs = draw_pafs(keypoints, self.skeleton, hw, options.targets)
        mask = view_mask(picture.mask(), view)
        return self._sample(view_image(image, view, _fill(rng)), heatmaps, pafs, mask, rng)

    def _whole(self, picture: Picture, image: Image, rng: Generator) -> Sample:
        """A crop of a picture whose people the teacher draws, or where nobody is."""
        options = self.options
        height = float(np.exp(rng.uniform(*np.log(picture.options.picture_px))))
        scale = height / image.shape[0]
        people = self._people[picture.path]
        if len(people) and rng.random() < 0.75:
            person = people[int(rng.integers(len(people)))]
            corners = person[person[:, 2] > 0, :2]
            centre = tuple((corners.min(0) + corners.max(0)) / 2)
        else:
            reach = np.minimum(options.view.crop_px / scale, (image.shape[1], image.shape[0])) / 2
            low, high = reach, np.array((image.shape[1], image.shape[0])) - reach
            centre = tuple(rng.uniform(low, np.maximum(low, high)))
        view = draw_view(rng, centre, scale, options.view)
        n_cells = options.view.crop_px // 8
        maps = np.zeros((self.skeleton.n_keypoints + 1 + self.skeleton.n_pafs, n_cells, n_cells), np.float32)
        maps[self.skeleton.n_keypoints] = 1.0
        if picture.options.labels == "teacher":
            assert self._teacher is not None
            whole = self._teacher.maps(image, self._teacher.level(height), quarters=self._quarters(picture))
            maps = view_maps(whole, image.shape[:2], view, self.skeleton)
            hw = (options.view.crop_px, options.view.crop_px)
            maps = fill_in(maps, view_keypoints(people, view, self.skeleton), self.skeleton, hw, options.targets)
        n_heatmaps = self.skeleton.n_keypoints + 1
        mask = np.ones((n_cells, n_cells), np.float32)
        return self._sample(view_image(image, view, _fill(rng)), maps[:n_heatmaps], maps[n_heatmaps:], mask, rng)

    def _known_people(self, picture: Picture) -> FloatArray:
        """People of a teacher's picture, (P, K, 3), picture pixels: the annotated ones, or those the teacher finds."""
        if picture.options.labels != "teacher" or self._teacher is None or len(picture.keypoints):
            return picture.keypoints
        image = _read(picture)
        middle = float(np.sqrt(np.prod(picture.options.picture_px)))
        maps = self._teacher.maps(image, self._teacher.level(middle), quarters=self._quarters(picture)).astype(
            np.float32
        )
        n_heatmaps = self.skeleton.n_keypoints + 1
        poses = group(maps[:n_heatmaps], maps[n_heatmaps:], skeleton=self.skeleton)
        people = np.array([pose.keypoints for pose in poses], np.float32).reshape(-1, self.skeleton.n_keypoints, 3)
        people[..., :2] = (people[..., :2] + 0.5) * image.shape[0] / (8 * maps.shape[1]) - 0.5
        return np.nan_to_num(people)

    def _quarters(self, picture: Picture) -> tuple[int, ...]:
        """Quarter turns the teacher looks at: those that people are known to need, all where nobody is annotated."""
        if not picture.options.turns:
            return ()
        return quarters_upright(picture.keypoints, self.skeleton) if len(picture.keypoints) else (1, 2, 3)

    def _sample(self, image: Image, heatmaps: FloatArray, pafs: FloatArray, mask: FloatArray, rng: Generator) -> Sample:
        lit = relight(image, rng, self.options.light)
        tensor = torch.from_numpy(np.ascontiguousarray(lit.transpose(2, 0, 1)))
        return Sample(tensor, torch.from_numpy(heatmaps), torch.from_numpy(pafs), torch.from_numpy(mask)[None])


def _read(picture: Picture) -> Image:
    image = cv2.imread(str(picture.path))
    if image is None:
        raise DataError(f"{str(picture.path)!r} is not a readable picture; remove it from its list")
    return image  # type: ignore[return-value]


def _fill(rng: Generator) -> tuple[int, int, int]:
    """What lies outside the picture: letterbox grey half of the time, else any plain colour."""
    if rng.random() < 0.5:
        return 128, 128, 128
    return tuple(int(v) for v in rng.integers(0, 256, 3))  # type: ignore[return-value]
