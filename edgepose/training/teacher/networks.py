"""Teachers' files run as they are: arrays in, named arrays out, by OpenVINO where it is there, else ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.backends.openvino_package import load_openvino
from edgepose.errors import MissingDependencyError, ModelError

Run = Callable[[NDArray[Any]], dict[str, NDArray[Any]]]
"""One input array to the wanted outputs by name."""


def open_network(path: Path, outputs: tuple[str, ...], threads: int = 1) -> Run:
    """A network of one input that gives these outputs; ModelError when it is missing, broken or has none of the name.

    threads: 0 leaves it to the runtime.
    """
    if not path.is_file():
        raise ModelError(f"no teacher '{path}'; give the folder of the teachers' files")
    try:
        return _openvino(path, outputs, threads)
    except ImportError:
        return _onnxruntime(path, outputs, threads)


def _openvino(path: Path, outputs: tuple[str, ...], threads: int) -> Run:
    openvino = load_openvino()
    try:
        core = openvino.Core()
        graph = core.read_model(str(path))
        kept = [graph.output(name).get_node().input_value(0) for name in outputs]
        graph = openvino.Model(kept, graph.get_parameters(), path.stem)
        # float32 on purpose: labels must not depend on whether this CPU computes bfloat16
        properties: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        if threads:
            properties["INFERENCE_NUM_THREADS"] = threads
        request: Any = core.compile_model(graph, "CPU", properties).create_infer_request()
    except RuntimeError as error:
        raise ModelError(f"'{path}' is not a network with outputs {', '.join(outputs)}: {_first(error)}") from None

    def run(array: NDArray[Any]) -> dict[str, NDArray[Any]]:
        request.set_input_tensor(openvino.Tensor(np.ascontiguousarray(array), shared_memory=True))
        request.infer()
        return {name: np.array(request.get_output_tensor(i).data) for i, name in enumerate(outputs)}

    return run


def _onnxruntime(path: Path, outputs: tuple[str, ...], threads: int) -> Run:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependencyError(
            f"teachers run in OpenVINO or ONNX Runtime, neither is usable ({error}); pip install openvino"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common base
        raise ModelError(f"'{path}' is not a network that ONNX Runtime can load: {_first(error)}") from None
    missing = set(outputs) - {output.name for output in session.get_outputs()}
    if missing:
        raise ModelError(f"'{path}' has no output {', '.join(sorted(missing))}; it is another network than wanted")
    name = session.get_inputs()[0].name

    def run(array: NDArray[Any]) -> dict[str, NDArray[Any]]:
        return dict(zip(outputs, session.run(list(outputs), {name: array}), strict=True))

    return run


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[-1][:200]
