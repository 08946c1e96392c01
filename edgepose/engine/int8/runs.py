"""The people that one model file sees in pictures, through the same steps as in the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgepose.backends import Backend
from edgepose.decode import Grouper
from edgepose.look.preprocess import Preprocessor, split_fields
from edgepose.model import ModelSpec
from edgepose.pictures import read_image
from edgepose.types import Fields, Image, Pose


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One picture through the network: its fields, and the people in pixels of the picture."""

    fields: Fields
    poses: tuple[Pose, ...]


class Sight:
    """A backend with preprocessing and grouping around it. Closes the backend when left."""

    def __init__(self, backend: Backend, input_hw: tuple[int, int]) -> None:
        self.backend = backend
        self.spec: ModelSpec = backend.spec
        self._preprocessor = Preprocessor(self.spec, input_hw)
        self._group = Grouper(self.spec.keypoint_skeleton)

    def look(self, image: Image) -> Seen:
        """Everything the network sees in one picture."""
        tensor, letterbox = self._preprocessor.prepare(image)
        (fields,) = split_fields(self.spec, self.backend.infer(tensor[None]))
        return Seen(fields, tuple(letterbox.poses_to_source(self._group(fields))))

    def __call__(self, image: Image) -> Sequence[Pose]:
        """The people alone, in pixels of the picture: what `evaluation.evaluate` asks for."""
        return self.look(image).poses

    def __enter__(self) -> Sight:
        return self

    def __exit__(self, *exc: object) -> None:
        self.backend.close()


def looks(sight: Sight, paths: Sequence[Path]) -> Iterator[Seen]:
    """One `Seen` for each picture."""
    for path in paths:
        yield sight.look(read_image(path))


def clearest(seen: Seen, n_keypoints: int) -> float:
    """Largest keypoint value in a picture's heatmaps, 0 to 1: how sure the network is that somebody is there."""
    return float(np.nanmax(seen.fields.heatmaps[:n_keypoints]))
