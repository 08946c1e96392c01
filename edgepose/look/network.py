"""Preprocessing, inference and grouping of one model: picture in, poses in source pixels out, step by step.

The steps are separate calls because the pipeline gives each to another thread; a plain loop calls `look`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from edgepose.backends import Backend
from edgepose.decode import Grouper, GroupOptions
from edgepose.files import sha256_of
from edgepose.look.preprocess import Letterbox, Preprocessor, input_size, split_fields
from edgepose.types import Fields, FloatArray, Image, Pose


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A picture as the network wants it.

    tensor: float32, one picture in the model's layout without batch axis. letterbox: the way back to the picture.
    """

    tensor: FloatArray
    letterbox: Letterbox


class Preparer:
    """Prepares pictures of one source; keeps the preprocessor of the last picture size. One per thread."""

    def __init__(self, backend: Backend, height: int = 0) -> None:
        self._spec = backend.spec
        self._height = height
        self._image_hw: tuple[int, int] | None = None
        self._preprocessor: Preprocessor | None = None

    def input_hw(self, image_hw: tuple[int, int]) -> tuple[int, int]:
        """Network input (H, W) for a picture: the model's own where its size is fixed, else of the picture's shape."""
        if not self._spec.dynamic_size:
            return self._spec.input_hw
        return input_size(image_hw, self._height or self._spec.input_hw[0], self._spec.multiple)

    def __call__(self, image: Image, input_hw: tuple[int, int] | None = None) -> Prepared:
        """Letterbox and normalise; `input_hw` fits the picture into the input of another one."""
        image_hw = (image.shape[0], image.shape[1])
        if input_hw is not None:
            return Prepared(*Preprocessor(self._spec, input_hw).prepare(image))
        if self._preprocessor is None or image_hw != self._image_hw:
            self._preprocessor = Preprocessor(self._spec, self.input_hw(image_hw))
            self._image_hw = image_hw
        return Prepared(*self._preprocessor.prepare(image))


class Network:
    """One loaded model with its grouping. `infer` and `poses` may be called from two different threads.

    file: the model file, None where the backend was handed in.
    """

    def __init__(
        self,
        backend: Backend,
        height: int = 0,
        group_options: GroupOptions | None = None,
        file: Path | None = None,
    ) -> None:
        self.backend = backend
        self.file = file
        self.height = height
        self._grouper = Grouper(backend.spec.keypoint_skeleton, group_options or GroupOptions())

    @cached_property
    def sha256(self) -> str | None:
        """Hexadecimal digest of the model file, None without one; read when a publisher wants to know."""
        return sha256_of(self.file) if self.file is not None and self.file.is_file() else None

    def preparer(self) -> Preparer:
        """A preparer for one more source or thread."""
        return Preparer(self.backend, self.height)

    def infer(self, tensors: Sequence[FloatArray]) -> list[Fields]:
        """Run pictures of one input size as one batch; the fields stay valid after the next call."""
        batch = tensors[0][None] if len(tensors) == 1 else np.stack(tensors)
        return split_fields(self.backend.spec, self.backend.infer(batch))

    def poses(self, fields: Fields, letterbox: Letterbox) -> list[Pose]:
        """Group one picture's fields; poses in pixels of the picture."""
        return letterbox.poses_to_source(self._grouper(fields))

    def look(self, prepared: Prepared) -> list[Pose]:
        """Infer and group one picture, in the calling thread."""
        return self.poses(self.infer([prepared.tensor])[0], prepared.letterbox)

    def close(self) -> None:
        self.backend.close()
