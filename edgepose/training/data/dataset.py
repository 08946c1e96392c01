"""Pictures into training samples. A sample depends on (seed, epoch, number) alone, so a resumed run sees the same."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
import torch
from msgspec import Meta
from numpy.random import Generator
from torch import Tensor
from torch.utils.data import Dataset

from edgepose.errors import DataError
from edgepose.options import Options
from edgepose.skeleton import Skeleton
from edgepose.training.data.augment import View, ViewOptions, draw_view, view_image
from edgepose.training.data.backdrop import chosen, open_backdrops, surrounded
from edgepose.training.data.coco import Picture, SetOptions, read_set
from edgepose.training.data.labels import KeptMaps, Labeller, read
from edgepose.training.data.photometric import LightOptions, relight
from edgepose.training.data.targets import TargetOptions
from edgepose.training.data.trusted import Trusted, read_trusted
from edgepose.training.network.validate import own_spec
from edgepose.training.teacher.dense import Teacher
from edgepose.types import FloatArray, Image

_log = logging.getLogger(__name__)

_MAX_UNREADABLE = 10


class DataOptions(Options, frozen=True):
    """What a run learns from."""

    sets: Annotated[tuple[SetOptions, ...], Meta(description="sets of pictures, mixed by weight")] = ()
    samples_per_epoch: Annotated[int, Meta(ge=1, description="crops that make one epoch")] = 1000
    view: Annotated[ViewOptions, Meta(description="how crops are cut")] = ViewOptions()
    light: Annotated[LightOptions, Meta(description="how crops are relit")] = LightOptions()
    targets: Annotated[TargetOptions, Meta(description="how people become maps")] = TargetOptions()
    backdrops: Annotated[
        str, Meta(description="COCO-style list of pictures without anybody, shown around those that do not fill a crop")
    ] = ""
    backdrop_share: Annotated[
        float, Meta(ge=0, le=1, description="share of crops with a backdrop; the others have a plain colour there")
    ] = 0.6


class Sample(NamedTuple):
    """image: uint8 (3, S, S) BGR. heatmaps: (K + 1, s, s). pafs: (2L, s, s). mask: (K + 1 + 2L, s, s)."""

    image: Tensor
    heatmaps: Tensor
    pafs: Tensor
    mask: Tensor


class PoseDataset(Dataset[Sample]):
    """Draws the samples of one epoch; set the epoch with `start_epoch` before iterating.

    Any number of worker processes may read it. teacher: needed when a set's labels are the teacher's. kept: dense maps
    of pictures that the fused teacher labelled. progress: wraps the pictures while the teacher looks at them.
    """

    def __init__(
        self,
        options: DataOptions,
        skeleton: Skeleton,
        seed: int = 0,
        teacher: Teacher | None = None,
        kept: KeptMaps | None = None,
        progress: Callable[[Sequence[Any]], Iterable[Any]] = iter,
    ) -> None:
        if not options.sets:
            raise DataError("the configuration names no set of pictures; add one under [[data.sets]]")
        if teacher is None and any(one.labels == "teacher" for one in options.sets):
            raise DataError("a set's labels are 'teacher', but no teacher is given; set distill.teacher to a network")
        if teacher is not None and teacher.skeleton != skeleton and any(s.labels == "teacher" for s in options.sets):
            raise DataError(
                f"the teacher draws the keypoints of {teacher.skeleton.name!r}, and this network learns those of "
                f"{skeleton.name!r}; label the pictures and set labels = 'keypoints', or take a teacher that has them"
            )
        self.options = options
        self.skeleton = skeleton
        self.seed = seed
        self.epoch = 0
        self._pictures: list[list[Picture]] = [read_set(one, skeleton) for one in options.sets]
        weights = np.array([one.weight for one in options.sets])
        self._weights = weights / weights.sum()
        self._kernel = own_spec("training").resize
        trusted: dict[Path, Trusted] = {}
        for one in options.sets:
            if one.labels == "teacher" and one.annotations:
                trusted |= read_trusted(one.annotations, one.images, skeleton)
        self._backdrops = open_backdrops(options.backdrops)
        self._labeller = Labeller(skeleton, options.targets, teacher, trusted, kept)
        pictures = [picture for one in self._pictures for picture in one]
        self._people = {picture.path: self._labeller.people(picture) for picture in progress(pictures)}

    def __len__(self) -> int:
        return self.options.samples_per_epoch

    def start_epoch(self, epoch: int) -> None:
        """From now on `self[i]` is sample i of this epoch."""
        self.epoch = epoch

    def __getitem__(self, index: int) -> Sample:
        """A sample by its number. A picture that cannot be read any more is passed over for another, with a warning."""
        for again in range(_MAX_UNREADABLE):
            rng = np.random.default_rng((self.seed, self.epoch, index, again)[: 3 + (again > 0)])
            picture = self._choose(rng)
            try:
                image = read(picture)
            except DataError as error:
                _log.warning("left out: %s", error)
                continue
            return self._sample(picture, image, rng)
        raise DataError(f"{_MAX_UNREADABLE} pictures one after the other cannot be read; is their disk still there?")

    def _choose(self, rng: Generator) -> Picture:
        pictures = self._pictures[int(rng.choice(len(self._weights), p=self._weights))]
        if pictures[0].options.labels == "teacher":
            somebody = rng.random() >= pictures[0].options.nobody
            pictures = [p for p in pictures if (len(self._people[p.path]) > 0) == somebody] or pictures
        return pictures[int(rng.integers(len(pictures)))]

    def _sample(self, picture: Picture, image: Image, rng: Generator) -> Sample:
        people = self._people[picture.path]
        about_somebody = picture.options.labels == "keypoints" and not picture.options.whole
        view = self._about_somebody(picture, rng) if about_somebody else self._somewhere(picture, people, image, rng)
        labels = self._labeller.draw(picture, people, image, view)
        crop = view_image(image, view, _fill(rng), self._kernel)
        backdrop = chosen(self._backdrops, self.options.backdrop_share, rng)
        if backdrop is not None:
            crop = surrounded(crop, image.shape[:2], view, backdrop, rng, self._kernel)
        lit = relight(crop, rng, self.options.light)
        tensor = torch.from_numpy(np.ascontiguousarray(lit.transpose(2, 0, 1)))
        heatmaps, pafs, mask = (torch.from_numpy(array) for array in labels)
        return Sample(tensor, heatmaps, pafs, mask)

    def _about_somebody(self, picture: Picture, rng: Generator) -> View:
        """A view of one of the main people, at a scale that suits it."""
        x, y, size = picture.main[int(rng.integers(len(picture.main)))]
        scale = rng.uniform(*self.options.view.person_scale) * self.options.view.crop_px / size
        return draw_view(rng, (x, y), scale, self._view(picture))

    def _somewhere(self, picture: Picture, people: FloatArray, image: Image, rng: Generator) -> View:
        """A view at the scale at which the whole picture is shown, about one of its people more often than not."""
        height = float(np.exp(rng.uniform(*np.log(picture.options.picture_px))))
        scale = height / image.shape[0]
        if len(people) and rng.random() < 0.75:
            person = people[int(rng.integers(len(people)))]
            corners = person[person[:, 2] > 0, :2]
            centre = tuple((corners.min(0) + corners.max(0)) / 2)
        else:
            size_wh = np.array((image.shape[1], image.shape[0]))
            reach = np.minimum(self.options.view.crop_px / scale, size_wh) / 2
            centre = tuple(rng.uniform(reach, np.maximum(reach, size_wh - reach)))
        return draw_view(rng, centre, scale, self._view(picture))

    def _view(self, picture: Picture) -> ViewOptions:
        """How crops of this picture's set are cut."""
        own = {name: getattr(picture.options, name) for name in ("any_angle", "shift_px", "squeeze")}
        given = {name: value for name, value in own.items() if value is not None}
        return msgspec.structs.replace(self.options.view, **given)


def _fill(rng: Generator) -> tuple[int, int, int]:
    """What lies outside the picture: letterbox grey half of the time, else any plain colour."""
    if rng.random() < 0.5:
        return 128, 128, 128
    return tuple(int(v) for v in rng.integers(0, 256, 3))  # type: ignore[return-value]
