"""The fused teacher's eyes: a picture in, what its readers say of every candidate out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edgepose.options import Options
from edgepose.training.teacher.blazepose import blazepose, round_hips
from edgepose.training.teacher.body import LIES_DEG, Keypoints, lies, neighbours, trunk_deg
from edgepose.training.teacher.crop import Crop, alone, around, cut, to_crop, to_picture
from edgepose.training.teacher.detect import DetectOptions, Detectors, mean_maps, outline
from edgepose.training.teacher.read import both_ways, fields, like, thunder
from edgepose.training.teacher.sight import Box, Look, Reading, box_tuple, rows_of
from edgepose.types import Image

UPRIGHT_FIRST = 0.02
"""By this much of mean score a turned crop must be better than the one before it."""


class LookOptions(Options, frozen=True):
    """How pictures are looked at; anything that changes the readings belongs here, so that caches notice."""

    version: Annotated[int, Meta(description="rises when the code changes what comes out")] = 2
    detect: DetectOptions = DetectOptions()
    margin: Annotated[float, Meta(gt=1, description="side of a crop in the longer sides of its person's box")] = 1.25
    most: Annotated[int, Meta(description="candidates that crops are read of, strongest first")] = 30
    min_px: Annotated[float, Meta(description="smaller people, longer side of the box in pixels, are not read")] = 24.0


class View(NamedTuple):
    """A crop, what it shows, and Thunder's keypoints in its pixels."""

    crop: Crop
    picture: Image
    seen: Keypoints


class FusedTeacher:
    """Opens all networks of a folder; not shared between threads.

    folder: human-pose-estimation-0001.fp32.onnx, movenet-multipose.onnx, movenet-thunder.onnx. heavy: BlazePose's
    pose_landmark_heavy.tflite, None to do without.
    """

    def __init__(
        self,
        folder: Path,
        heavy: Path | None = None,
        options: LookOptions = LookOptions(),  # noqa: B008 (frozen)
        threads: int = 1,
    ) -> None:
        self.options = options
        self.files = teacher_files(folder, heavy)
        self.detectors = Detectors(folder, options.detect, threads)
        self._thunder = thunder(folder / "movenet-thunder.onnx", threads)
        self._fields = fields(folder / "human-pose-estimation-0001.fp32.onnx", threads)
        self._blazepose = blazepose(heavy, threads) if heavy else None

    def look(self, image: Image) -> tuple[Look, NDArray[np.float16]]:
        """What is read of a picture, and the dense maps of the whole picture (57, h, w) that detection looked at."""
        maps = self.detectors.maps(image)
        return self.read_all(image, self.detectors.candidates(image, maps)), mean_maps(maps)

    def read_all(self, image: Image, candidates: list[Keypoints]) -> Look:
        """Crops of the candidates read, the strongest candidates first."""
        readings: list[Reading] = []
        unread: list[Box] = []
        for candidate in candidates:
            box = outline(candidate)
            if len(readings) < self.options.most and (box[2:] - box[:2]).max() >= self.options.min_px:
                readings.append(self.read(image, candidate))
            else:
                unread.append(box_tuple(box))
        return Look((image.shape[1], image.shape[0]), tuple(readings), tuple(unread))

    def read(self, image: Image, candidate: Keypoints) -> Reading:
        """The readers' keypoints of one candidate, at the turn that Thunder likes best."""
        box = outline(candidate)
        crop, picture, seen = self._best_turn(image, candidate, box)
        own = to_crop(candidate, crop)
        if neighbours(seen, own):
            seen = both_ways(self._thunder, alone(picture, outline(own)))
            if neighbours(seen, own):
                seen = np.zeros((17, 3))
        of_thunder = to_picture(seen, crop)
        of_fields = to_picture(like(self._fields(picture), own), crop)
        of_blazepose = None
        if self._blazepose and lies(of_thunder):
            crop = round_hips(of_thunder)
            of_blazepose = rows_of(to_picture(both_ways(self._blazepose, cut(image, crop)), crop))
        return Reading(box_tuple(box), rows_of(of_thunder), rows_of(of_fields), of_blazepose)

    def _best_turn(self, image: Image, candidate: Keypoints, box: NDArray[np.float64]) -> View:
        """Thunder's view of the candidate: upright where the trunk stands, else the best of four quarter turns."""
        best: View | None = None
        for turn in (0.0,) if stands(candidate) else (0.0, 90.0, 180.0, 270.0):
            crop = around(box, self.options.margin, turn)
            picture = cut(image, crop)
            seen = both_ways(self._thunder, picture)
            if best is None or seen[:, 2].mean() > best.seen[:, 2].mean() + UPRIGHT_FIRST:
                best = View(crop, picture, seen)
        assert best is not None
        return best


def stands(candidate: Keypoints) -> bool:
    """Whether a detector saw enough of the person to know that the trunk is upright."""
    angle = trunk_deg(candidate)
    return angle is not None and abs(angle) <= LIES_DEG and int((candidate[:, 2] > 0).sum()) >= 8


def teacher_files(folder: Path, heavy: Path | None) -> list[Path]:
    """The files whose contents decide about the labels."""
    names = ("human-pose-estimation-0001.fp32.onnx", "movenet-multipose.onnx", "movenet-thunder.onnx")
    return [folder / name for name in names] + ([heavy] if heavy else [])
