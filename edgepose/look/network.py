"""Preprocessing, inference and grouping of one model, step by step.

The steps are separate calls because the pipeline gives each to another thread; a plain loop takes a `Sight`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edgepose.backends import Backend, gives_away, takes_pixels
from edgepose.decode import Grouper, GroupOptions
from edgepose.errors import ModelError
from edgepose.look.preprocess import Letterbox, Preprocessor, input_size, split_fields
from edgepose.model import Kernel, model_sha256
from edgepose.types import Fields, FloatArray, Image, Pose
from edgepose.workers import Turns


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A picture as the network wants it.

    tensor: one picture without batch axis: uint8 (H, W, 3) BGR where the backend takes pixels (it may be the picture
    itself), else float32 in the model's layout, normalised. letterbox: the way back to the picture. backend: what it
    was prepared for, None for whatever the network runs.
    """

    tensor: FloatArray | Image
    letterbox: Letterbox
    backend: Backend | None = None


class Preparer:
    """Prepares pictures of one source; keeps the preprocessor of the last picture size. One per thread.

    When the network takes another backend, the next picture is prepared for that one.
    """

    def __init__(self, network: Network, input_hw: tuple[int, int] | None = None, kernel: Kernel | None = None) -> None:
        self._network = network
        self._kernel = kernel
        self._asked_hw = input_hw
        self._adopt(network.backend)

    def _adopt(self, backend: Backend) -> None:
        self._backend = backend
        self._spec = msgspec.structs.replace(backend.spec, resize=self._kernel) if self._kernel else backend.spec
        self._pixels = takes_pixels(backend)
        self._image_hw: tuple[int, int] | None = None
        self._preprocessor: Preprocessor | None = None

    def input_hw(self, image_hw: tuple[int, int]) -> tuple[int, int]:
        """Network input (H, W) for a picture: the one asked for or fixed by the model, else of the picture's shape."""
        if self._network.backend is not self._backend:
            self._adopt(self._network.backend)
        if self._asked_hw is not None:
            return self._asked_hw
        if not self._spec.dynamic_size:
            return self._spec.input_hw
        return input_size(image_hw, self._network.height or self._spec.input_hw[0], self._spec.multiple)

    def __call__(self, image: Image, like_hw: tuple[int, int] | None = None) -> Prepared:
        """Letterbox, and normalise where the backend does not.

        like_hw: fit it into the input that a picture of this size (h, w) takes, as for a part cut out of that one.
        """
        if self._network.backend is not self._backend:
            self._adopt(self._network.backend)
        if like_hw is not None:
            return self._prepared(Preprocessor(self._spec, self.input_hw(like_hw)), image)
        image_hw = (image.shape[0], image.shape[1])
        if self._preprocessor is None or image_hw != self._image_hw:
            self._preprocessor = Preprocessor(self._spec, self.input_hw(image_hw))
            self._image_hw = image_hw
        return self._prepared(self._preprocessor, image)

    def _prepared(self, preprocessor: Preprocessor, image: Image) -> Prepared:
        tensor, letterbox = preprocessor.fit(image) if self._pixels else preprocessor.prepare(image)
        return Prepared(tensor, letterbox, self._backend)


class Network:
    """One loaded model with its grouping. Any thread may call its methods; the backend is used by one at a time.

    backend: what runs it now. file: the model file, None where the backend was handed in. infer_s: seconds that the
    last batch took. warming: whether it works on the first batch of a size, which may take many times as long as the
    next.
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
        self.infer_s = 0.0
        self.warming = False
        self._known: set[tuple[int, ...]] = set()  # sizes of batches that it has answered
        self._turns = Turns()
        self._grouper = Grouper(backend.spec.keypoint_skeleton, group_options or GroupOptions())

    @cached_property
    def sha256(self) -> str | None:
        """Hexadecimal digest of the model file, None without one; read when a publisher wants to know."""
        return model_sha256(self.file) if self.file is not None and self.file.is_file() else None

    def preparer(self, input_hw: tuple[int, int] | None = None, kernel: Kernel | None = None) -> Preparer:
        """A preparer for one more source or thread.

        input_hw: fit every picture into that input (H, W). kernel: scale with this one in place of the contract's.
        """
        return Preparer(self, input_hw, kernel)

    def use(self, backend: Backend) -> None:
        """Run `backend` from the next picture on, in the place of the one so far; any thread may ask.

        What was prepared for that one still goes through it; it is freed when the last of these is done. ModelError
        where the other network has another skeleton.
        """
        if backend.spec.keypoint_skeleton != self.backend.spec.keypoint_skeleton:
            raise ModelError(
                f"network {backend.spec.name} has other keypoints ({backend.spec.skeleton}) than the one that runs "
                f"({self.backend.spec.skeleton}); restart to use it"
            )
        self.backend = backend
        self._known.clear()

    def infer(
        self,
        tensors: Sequence[FloatArray | Image],
        *,
        backend: Backend | None = None,
        urgent: bool = False,
        timeout_s: float | None = None,
    ) -> list[Fields]:
        """Run pictures of one input size as one batch; the fields stay valid after the next call.

        backend: what they were prepared for, where another may have taken its place meanwhile. urgent: go before
        whoever else waits for the network. Raises `workers.Busy` where another thread did not let go of it within
        `timeout_s` seconds.
        """
        backend = backend or self.backend
        batch: Any = tensors[0][None] if len(tensors) == 1 else np.stack(tensors)
        kind = (id(backend), *batch.shape)
        with self._turns.turn(urgent=urgent, timeout_s=timeout_s):
            began = time.perf_counter()
            self.warming = kind not in self._known
            try:
                fields = split_fields(backend.spec, backend.infer(batch), owned=gives_away(backend))
            finally:
                self.warming = False
            self._known.add(kind)
            self.infer_s = time.perf_counter() - began
            return fields

    def poses(self, fields: Fields, letterbox: Letterbox) -> list[Pose]:
        """Group one picture's fields; poses in pixels of the picture."""
        return letterbox.poses_to_source(self._grouper(fields))

    def close(self) -> None:
        self.backend.close()
