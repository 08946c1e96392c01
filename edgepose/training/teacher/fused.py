"""The fused teacher itself: a picture in, a Sight out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edgepose.options import Options
from edgepose.training.teacher.blazepose import blazepose, round_hips
from edgepose.training.teacher.body import LIES_DEG, Keypoints, lies, same_person, trunk_deg
from edgepose.training.teacher.crop import Crop, around, cut, to_picture
from edgepose.training.teacher.detect import DetectOptions, Detectors, mean_maps, outline
from edgepose.training.teacher.judge import JudgeOptions, chance_of_person, fuse, trust
from edgepose.training.teacher.read import both_ways, fields, like, thunder
from edgepose.training.teacher.sight import Box, Person, Sight, person_of
from edgepose.types import Image


class TeacherOptions(Options, frozen=True):
    """The recipe of the labels; anything that changes them belongs here, so that caches notice."""

    version: Annotated[int, Meta(description="rises when the code changes what comes out")] = 1
    detect: DetectOptions = DetectOptions()
    judge: JudgeOptions = JudgeOptions()
    margin: Annotated[float, Meta(gt=1, description="side of a crop in the longer sides of its person's box")] = 1.25
    most: Annotated[
        int, Meta(description="candidates that crops are read of, strongest first; the others are masked")
    ] = 30
    min_px: Annotated[float, Meta(description="smaller people, longer side of the box in pixels, are masked")] = 24.0


UPRIGHT_FIRST = 0.02
"""By this much of mean score a turned look must be better than the one before it."""


class Look(NamedTuple):
    """A crop, what it shows, and Thunder's keypoints in its pixels."""

    crop: Crop
    picture: Image
    seen: Keypoints


class Guess(NamedTuple):
    """What crops said about one candidate, picture pixels; scores are each reader's own."""

    thunder: Keypoints
    fields: Keypoints
    blazepose: Keypoints | None
    box_px: float

    @property
    def lies(self) -> bool:
        """As Thunder sees it."""
        return lies(self.thunder)


class FusedTeacher:
    """Opens all networks of a folder; not shared between threads.

    folder: human-pose-estimation-0001.fp32.onnx, movenet-multipose.onnx, movenet-thunder.onnx. heavy: BlazePose's
    pose_landmark_heavy.tflite, None to do without.
    """

    def __init__(
        self,
        folder: Path,
        heavy: Path | None = None,
        options: TeacherOptions = TeacherOptions(),  # noqa: B008 (frozen)
        threads: int = 1,
    ) -> None:
        self.options = options
        self.files = teacher_files(folder, heavy)
        self.detectors = Detectors(folder, options.detect, threads)
        self._thunder = thunder(folder / "movenet-thunder.onnx", threads)
        self._fields = fields(folder / "human-pose-estimation-0001.fp32.onnx", threads)
        self._blazepose = blazepose(heavy, threads) if heavy else None

    def look(self, image: Image) -> tuple[Sight, NDArray[np.float16]]:
        """Who is in a picture, and the dense maps of the whole picture (57, h, w) that detection looked at."""
        maps = self.detectors.maps(image)
        candidates = self.detectors.candidates(image, maps)
        return self.sight(image, candidates), mean_maps(maps)

    def sight(self, image: Image, candidates: list[Keypoints]) -> Sight:
        """Crops of the candidates read and judged; the strongest candidates come first."""
        options = self.options
        people: list[Person] = []
        doubtful: list[Box] = []
        refused: list[Box] = []
        for i, candidate in enumerate(candidates):
            box = outline(candidate)
            if i >= options.most or (box[2:] - box[:2]).max() < options.min_px:
                doubtful.append(rounded_box(box))
                continue
            guess = self.read(image, candidate)
            person = judged(guess, options.judge)
            if person.chance < options.judge.nobody:
                refused.append(rounded_box(box))
            elif person.chance < options.judge.somebody:
                doubtful.append(rounded_box(box))
            else:
                people.append(person)
        height, width = image.shape[:2]
        return Sight((width, height), tuple(one_each(people)), tuple(doubtful), tuple(refused))

    def read(self, image: Image, candidate: Keypoints) -> Guess:
        """The readers' keypoints of one candidate, at the turn that Thunder likes best."""
        box = outline(candidate)
        crop, picture, seen = self._best_turn(image, candidate, box)
        of_thunder = to_picture(seen, crop)
        of_fields = to_picture(like(self._fields(picture), seen), crop)
        of_blazepose = None
        if self._blazepose and lies(of_thunder):
            crop = round_hips(of_thunder)
            of_blazepose = to_picture(both_ways(self._blazepose, cut(image, crop)), crop)
        return Guess(of_thunder, of_fields, of_blazepose, float((box[2:] - box[:2]).max()))

    def _best_turn(self, image: Image, candidate: Keypoints, box: NDArray[np.float64]) -> Look:
        """Thunder's look at the crop: upright where the trunk stands, else at the best of four quarter turns."""
        best: Look | None = None
        for turn in (0.0,) if stands(candidate) else (0.0, 90.0, 180.0, 270.0):
            crop = around(box, self.options.margin, turn)
            picture = cut(image, crop)
            seen = both_ways(self._thunder, picture)
            if best is None or seen[:, 2].mean() > best.seen[:, 2].mean() + UPRIGHT_FIRST:
                best = Look(crop, picture, seen)
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


def judged(guess: Guess, options: JudgeOptions) -> Person:
    """The fused answer: BlazePose has a voice where the trunk lies."""
    of_thunder, of_fields = trust("thunder", guess.thunder), trust("0001", guess.fields)
    voices = [of_thunder, of_fields]
    if guess.blazepose is not None:
        voices.append(trust("blazepose", guess.blazepose))
    chance = chance_of_person(of_thunder, of_fields, options)
    return person_of(fuse(voices, guess.box_px, options.near), chance, guess.lies)


def one_each(people: list[Person]) -> list[Person]:
    """Two candidates may lead to one person: the answer with the higher chances stays."""
    kept: list[Person] = []
    for person in sorted(people, key=lambda one: -float(one.array[:, 2].sum())):
        if not any(same_person(person.array, other.array, 0.08) for other in kept):
            kept.append(person)
    return kept


def rounded_box(box: NDArray[np.float64]) -> Box:
    """A box to a tenth of a pixel."""
    x0, y0, x1, y1 = (round(float(v), 1) for v in box)
    return x0, y0, x1, y1
