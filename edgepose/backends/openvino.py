"""Runs the network with OpenVINO: the faster runtime on x86 and ARM CPUs."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.backends import BackendInfo
from edgepose.backends.cpu import int8_is_whole
from edgepose.backends.filling import any_batch, run_filled
from edgepose.backends.openvino_package import load_openvino
from edgepose.backends.options import BackendOptions
from edgepose.backends.outputs import check_batch, check_strides
from edgepose.errors import BackendError, ClosedError, EdgePoseError, MissingDependencyError, ModelError
from edgepose.model import ModelSpec, admitted
from edgepose.types import FloatArray, Image

_log = logging.getLogger(__name__)


class OpenVinoBackend:
    """A network compiled for the CPU by OpenVINO. Sizes and batch are free where the graph leaves them free."""

    takes_pixels = True

    def __init__(self, model: Path, spec: ModelSpec, options: BackendOptions) -> None:
        try:
            openvino = load_openvino()
        except ImportError as error:
            raise MissingDependencyError(f"OpenVINO is not usable ({error}): pip install openvino") from None
        core = openvino.Core()
        properties: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if options.threads:
            properties["INFERENCE_NUM_THREADS"] = options.threads
        if options.precision != "auto":
            properties["INFERENCE_PRECISION_HINT"] = options.precision
        admitted(model)
        try:
            graph = _read(core, model, spec)
            n_kept = len(graph.outputs)
            compiled = core.compile_model(_taking_pixels(graph, spec), "CPU", properties)
            if not int8_is_whole() and any(op.get_type_name() == "FakeQuantize" for op in graph.get_ops()):
                _log.warning(
                    "%s is INT8, and this CPU (no VNNI) cuts sums of INT8 products off at 16 bits: people will be "
                    "missed; run the FP32 model here",
                    model,
                )
        except EdgePoseError:
            raise
        except Exception as error:  # RuntimeError mostly, UnicodeDecodeError where a message of its own is no UTF-8
            raise ModelError(f"OpenVINO cannot load {model}: {_reason(error)}") from None
        self.spec = any_batch(spec)
        self._batch = 0 if spec.dynamic_batch else spec.batch
        precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        device = str(core.get_property("CPU", "FULL_DEVICE_NAME")).strip()
        self.info = BackendInfo(name="openvino", version=openvino.__version__, device=device, precision=precision)
        self._request: Any = compiled.create_infer_request()
        self._float_request: Any = None
        self._floats: Any = lambda: _taking_floats(_read(core, model, spec), spec)
        self._compile: Any = partial(core.compile_model, device_name="CPU", config=properties)
        self._tensor = openvino.Tensor
        self._places = [0, n_kept - 1]
        self._checked: tuple[int, ...] | None = None

    def infer(self, batch: FloatArray | Image) -> list[NDArray[Any]]:
        """See Backend.infer."""
        request = self._request  # another thread may close meanwhile
        if request is None:
            raise ClosedError(f"the network {self.spec.name} was closed; open it again with open_backend")
        check_batch(self.spec, batch, pixels=True)
        if batch.dtype != np.uint8:
            request = self._of_floats()
        outputs = run_filled(partial(self._run, request), batch, self._batch or len(batch))
        if self._checked != batch.shape:
            check_strides(self.spec, batch, outputs)
            self._checked = batch.shape
        return outputs

    def _run(self, request: Any, batch: NDArray[Any]) -> list[NDArray[Any]]:
        # OpenVINO looks at this memory but does not hold it: the name does. It takes none that is read-only.
        held = np.require(batch, requirements=["C", "W"])
        try:
            request.set_input_tensor(self._tensor(held, shared_memory=True))
            request.infer()
        except Exception as error:  # as above
            raise BackendError(f"OpenVINO cannot run {self.spec.name}: {_reason(error)}") from None
        return [request.get_output_tensor(place).data for place in self._places]

    def _of_floats(self) -> Any:
        """The request for normalised pictures, compiled when the first ones come: training and tools send them."""
        if self._float_request is None:  # read again, so that one graph is held and not two
            try:
                self._float_request = self._compile(self._floats()).create_infer_request()
            except RuntimeError as error:
                raise ModelError(f"OpenVINO cannot load {self.spec.name} again: {_reason(error)}") from None
        return self._float_request

    def close(self) -> None:
        """See Backend.close."""
        self._request = self._float_request = None


def _with_free_axes(graph: Any) -> Any:
    """The graph with axes of size 0, by which some exporters mean any size, left free; OpenVINO divides by them."""
    import openvino

    shapes = {port: port.get_partial_shape() for port in graph.inputs}
    if any(axis.is_static and axis.get_length() == 0 for shape in shapes.values() for axis in shape):
        free = openvino.Dimension(-1)
        graph.reshape(
            {
                port: openvino.PartialShape([axis if axis.is_dynamic or axis.get_length() else free for axis in shape])
                for port, shape in shapes.items()
            }
        )
    return graph


def _read(core: Any, model: Path, spec: ModelSpec) -> Any:
    """The graph with heatmaps and PAFs alone: only what is read is computed.

    Both may be slices of one tensor, which is then its one output.
    """
    import openvino

    graph = _with_free_axes(core.read_model(str(model)))
    wanted = [_output(graph, spec.heatmaps.name), _output(graph, spec.pafs.name)]
    kept = wanted if wanted[0] != wanted[1] else wanted[:1]
    return openvino.Model([port.get_node().input_value(0) for port in kept], graph.get_parameters(), spec.name)


def _taking_pixels(graph: Any, spec: ModelSpec) -> Any:
    """The graph with uint8 (N, H, W, 3) BGR in place of its input: it puts colours in order and normalises itself."""
    import openvino
    from openvino.preprocess import ColorFormat, PrePostProcessor

    work = PrePostProcessor(graph)
    picture = work.input(spec.input_name)
    picture.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    picture.tensor().set_color_format(ColorFormat.BGR)
    picture.model().set_layout(openvino.Layout(spec.input_layout))
    steps = picture.preprocess().convert_element_type(openvino.Type.f32)
    if spec.colour == "RGB":
        steps.convert_color(ColorFormat.RGB)
    steps.mean(list(spec.mean)).scale([1 / factor for factor in spec.scale])
    return work.build()


def _taking_floats(graph: Any, spec: ModelSpec) -> Any:
    """The graph with a float32 input, whatever type it was exported with."""
    import openvino
    from openvino.preprocess import PrePostProcessor

    if all(port.get_element_type() == openvino.Type.f32 for port in graph.inputs):
        return graph
    work = PrePostProcessor(graph)
    work.input(spec.input_name).tensor().set_element_type(openvino.Type.f32)
    return work.build()


def _output(graph: Any, name: str) -> Any:
    for port in graph.outputs:
        if name in port.get_names():
            return port
    names = ", ".join(repr(name) for port in graph.outputs for name in sorted(port.get_names()))
    raise ModelError(f"wanted output {name!r}, the graph has {names}; correct the sidecar")


def _reason(error: Exception) -> str:
    """The line of an OpenVINO message that says what is wrong, less where in OpenVINO's sources it was noticed."""
    lines = [line.strip(" -") for line in str(error).splitlines() if line.strip()]
    for line in lines:
        if line.startswith("No conversion rule found for operations:"):
            return f"it has no operation {line.partition(':')[2].strip()}; export the model with standard operations"
    said = [line for line in lines if not line.startswith(("Exception from", "Check '", "FrontEnd API failed"))]
    return (said or lines or [type(error).__name__])[0]
