"""Runs the network with ONNX Runtime's CPU provider."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.backends import BackendInfo
from edgepose.backends.filling import any_batch, run_filled
from edgepose.backends.options import BackendOptions
from edgepose.backends.outputs import check_batch, check_strides
from edgepose.errors import BackendError, ClosedError, MissingDependencyError, ModelError
from edgepose.model import ModelSpec, admitted
from edgepose.types import FloatArray


class OnnxRuntimeBackend:
    """A network in an ONNX Runtime session. Sizes and batch are free where the graph leaves them free."""

    gives_away = True

    def __init__(self, model: Path, spec: ModelSpec, options: BackendOptions) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingDependencyError(f"ONNX Runtime is not usable ({error}): pip install onnxruntime") from None
        if options.precision == "bf16":
            raise BackendError("ONNX Runtime computes in f32 on a CPU; choose precision f32, or backend openvino")
        session_options = onnxruntime.SessionOptions()
        session_options.intra_op_num_threads = options.threads
        session_options.log_severity_level = 3  # errors only: they are raised anyway
        if options.precision == "f32":  # what a Q/DQ graph says, to the last bit, whatever this CPU's INT8 is like
            session_options.add_session_config_entry("session.disable_quant_qdq", "1")
        admitted(model)
        try:
            session = onnxruntime.InferenceSession(str(model), session_options, providers=["CPUExecutionProvider"])
            if any(0 in item.shape for item in session.get_inputs()):
                freed = _with_free_axes(model)
                session = onnxruntime.InferenceSession(freed, session_options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions share no base class
            raise ModelError(f"ONNX Runtime cannot load {model}: {str(error).splitlines()[0]}") from None
        self._feeds = _type_of(session, spec, model)
        names = [output.name for output in session.get_outputs()]
        for output in (spec.heatmaps, spec.pafs):
            if output.name not in names:
                raise ModelError(f"wanted output {output.name!r}, {model} has {names}; correct the sidecar")
        self.spec = any_batch(spec)
        self._batch = 0 if spec.dynamic_batch else spec.batch
        self.info = BackendInfo(name="onnxruntime", version=onnxruntime.__version__, device="CPU", precision="f32")
        self._session: Any = session
        self._wanted = list(dict.fromkeys([spec.heatmaps.name, spec.pafs.name]))  # both may be slices of one
        self._checked: tuple[int, ...] | None = None

    def infer(self, batch: FloatArray) -> list[NDArray[Any]]:
        """See Backend.infer."""
        session = self._session  # another thread may close meanwhile
        if session is None:
            raise ClosedError(f"the network {self.spec.name} was closed; open it again with open_backend")
        check_batch(self.spec, batch)
        outputs = run_filled(partial(self._run, session), batch, self._batch or len(batch))
        if self._checked != batch.shape:
            check_strides(self.spec, batch, outputs)
            self._checked = batch.shape
        return outputs

    def _run(self, session: Any, batch: FloatArray) -> list[NDArray[Any]]:
        try:
            found = session.run(self._wanted, {self.spec.input_name: batch.astype(self._feeds, copy=False)})
        except Exception as error:  # its exceptions share no base class
            raise BackendError(f"ONNX Runtime cannot run {self.spec.name}: {str(error).splitlines()[0]}") from None
        return [found[0], found[-1]]

    def close(self) -> None:
        """See Backend.close."""
        self._session = None


def _with_free_axes(model: Path) -> bytes:
    """The graph with axes of size 0, by which some exporters mean any size, left free; its weights inside."""
    import onnx

    graph = onnx.load(str(model))
    for item in graph.graph.input:
        for axis in item.type.tensor_type.shape.dim:
            if axis.HasField("dim_value") and axis.dim_value == 0:
                axis.Clear()
    return bytes(graph.SerializeToString())


def _type_of(session: Any, spec: ModelSpec, model: Path) -> type[np.generic]:
    """The type that the network's input has; ModelError where it is none that pictures can be given in."""
    kind = next((item.type for item in session.get_inputs() if item.name == spec.input_name), "no such tensor")
    known: dict[str, type[np.generic]] = {
        "tensor(float)": np.float32,
        "tensor(float16)": np.float16,
        "tensor(uint8)": np.uint8,
    }
    if kind not in known:
        raise ModelError(f"wanted a picture as input {spec.input_name!r}, {model} has {kind}; correct the sidecar")
    return known[kind]
