"""Backends run the network: a batch of prepared pictures in, raw output tensors out. One file per runtime."""

from __future__ import annotations

from typing import Protocol

from numpy.typing import NDArray

from edgepose.model import ModelSpec
from edgepose.options import Options
from edgepose.types import FloatArray


class BackendInfo(Options):
    """What runs the network: runtime name and version, device, and the precision it computes in."""

    name: str
    version: str
    device: str
    precision: str


class Backend(Protocol):
    """One loaded network. Not shared between threads: one thread calls `infer`; any thread may call `close`.

    spec: the model's contract. info: what runs it.
    """

    spec: ModelSpec
    info: BackendInfo

    def infer(self, batch: FloatArray) -> list[NDArray]:  # type: ignore[type-arg]
        """Run float32 (N, 3, H, W) or (N, H, W, 3), as `spec.input_layout` says, already normalised.

        Returns the tensors that hold heatmaps and PAFs, in that order, with the batch axis first and the graph's own
        layout; `preprocess.split_fields` turns them into one Fields per picture. Valid until the next call.
        """
        ...

    def close(self) -> None:
        """Free the network; closing twice is fine, using it closed raises ClosedError."""
        ...


BACKENDS: dict[str, str] = {
    "openvino": "edgepose.backends.openvino:OpenVinoBackend",
    "onnxruntime": "edgepose.backends.onnxruntime:OnnxRuntimeBackend",
    "tensorrt": "edgepose.backends.tensorrt:TensorRtBackend",
    "replay": "edgepose.backends.replay:ReplayBackend",
}
"""Backends by name, as `module:attribute`; each is called with (model path, spec, options)."""
