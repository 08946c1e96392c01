"""From a scaled picture to float input: colour order, mean and scale, where the backend does not see to them."""

from __future__ import annotations

import numpy as np

from edgepose.look.resize import import_cv2
from edgepose.model import ModelSpec
from edgepose.types import FloatArray, Image


class Normaliser:
    """Writes pictures of one size as one network wants them; keeps scratch memory, so one per thread.

    spec: the network's contract. input_hw: (H, W) of the pictures.
    """

    def __init__(self, spec: ModelSpec, input_hw: tuple[int, int]) -> None:
        self.shape = (3, *input_hw) if spec.input_layout == "NCHW" else (*input_hw, 3)
        self._rgb = spec.colour == "RGB"
        self._cv2 = import_cv2()
        self._ordered = np.empty((*input_hw, 3), np.uint8)
        self._planes = [np.empty(input_hw, np.uint8) for _ in range(3)]
        values = np.arange(256, dtype=np.float64)[:, None]
        table = ((values - spec.mean) * spec.scale).astype(np.float32)  # (256, 3) in the model's colour order
        self._tables = [np.ascontiguousarray(table[:, c]) for c in range(3)]
        self._table = table[None].copy()

    def __call__(self, picture: Image, out: FloatArray | None = None) -> FloatArray:
        """uint8 (H, W, 3) BGR as float32 of `shape`: one table look-up per value does mean and scale at once.

        out: array of that shape to write to; a new one is made when left out.
        """
        cv2 = self._cv2
        tensor = np.empty(self.shape, np.float32) if out is None else out
        if self.shape[-1] == 3:
            picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=self._ordered) if self._rgb else picture
            cv2.LUT(picture, self._table, dst=tensor)
            return tensor
        cv2.split(picture, self._planes)
        for channel, table in enumerate(self._tables):
            cv2.LUT(self._planes[2 - channel if self._rgb else channel], table, dst=tensor[channel])
        return tensor
