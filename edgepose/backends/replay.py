"""Plays fields back instead of running a network: recorded ones, or empty ones after a wait. Needs no runtime."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgepose.backends import BackendInfo
from edgepose.backends.options import BackendOptions
from edgepose.backends.outputs import check_batch, layout_of, plane
from edgepose.backends.recording import Recording
from edgepose.errors import ClosedError
from edgepose.model import ModelSpec, load_spec
from edgepose.types import FloatArray, Image


class ReplayBackend:
    """Fields of a recording (.npz), picture after picture and from the start again at the end.

    Given a network instead of a recording, it answers with empty fields of that network's shapes. Every inference takes
    at least `options.wait_ms`, spent asleep without the GIL, as a wait for a GPU would be.
    """

    takes_pixels = True
    gives_away = True

    def __init__(self, model: Path, spec: ModelSpec | None, options: BackendOptions) -> None:
        self._recording = Recording(model) if model.suffix == ".npz" else None
        self.spec = self._recording.spec if self._recording else _channels_first(spec or load_spec(model))
        self.info = BackendInfo(name="replay", version="1", device="none", precision="f32")
        self._wait_s = options.wait_ms / 1e3
        self._next = 0
        self._closed = False

    def infer(self, batch: FloatArray | Image) -> list[NDArray[Any]]:
        """See Backend.infer; the pictures in `batch` are not looked at."""
        if self._closed:
            raise ClosedError(f"the replay of {self.spec.name} was closed; open it again with open_backend")
        started = time.perf_counter()
        check_batch(self.spec, batch, pixels=True)
        outputs = self._empty(batch) if self._recording is None else self._recorded(self._recording, len(batch))
        time.sleep(max(0.0, started + self._wait_s - time.perf_counter()))
        return outputs

    def _recorded(self, recording: Recording, n: int) -> list[NDArray[Any]]:
        pictures = [recording.picture((self._next + i) % len(recording)) for i in range(n)]
        self._next = (self._next + n) % len(recording)
        if n == 1:
            return [maps[None] for maps in pictures[0]]
        return [np.stack(maps) for maps in zip(*pictures, strict=True)]

    def _empty(self, batch: FloatArray | Image) -> list[NDArray[Any]]:
        skeleton, (H, W) = self.spec.keypoint_skeleton, plane(batch.shape, layout_of(self.spec, batch))
        heat, paf = self.spec.heatmaps.stride, self.spec.pafs.stride
        heatmaps = np.zeros((len(batch), skeleton.n_keypoints + 1, int(H / heat), int(W / heat)), np.float32)
        return [heatmaps, np.zeros((len(batch), skeleton.n_pafs, int(H / paf), int(W / paf)), np.float32)]

    def close(self) -> None:
        """See Backend.close."""
        self._closed = True
        if self._recording is not None:
            self._recording.close()


def _channels_first(spec: ModelSpec) -> ModelSpec:
    plain = {
        key: msgspec.structs.replace(output, layout="NCHW", channels=None)
        for key, output in (("heatmaps", spec.heatmaps), ("pafs", spec.pafs))
    }
    return msgspec.structs.replace(spec, **plain)
