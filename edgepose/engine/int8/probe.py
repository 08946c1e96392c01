"""Runs a graph on the CPU and hands out its inner tensors: what ranges, errors and corrections are measured on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.backends.filling import filled
from edgepose.engine.onnx.outputs import with_outputs
from edgepose.errors import MissingDependencyError, ModelError
from edgepose.look.preprocess import Preprocessor
from edgepose.model import ModelSpec
from edgepose.pictures import read_image
from edgepose.types import FloatArray


class Probe:
    """A network whose inner tensors can be read, one picture at a time.

    model: ONNX ModelProto. names: tensors to read, outputs of the graph or not. threads: 0 takes every core.
    """

    def __init__(self, model: Any, spec: ModelSpec, names: Sequence[str], threads: int = 0) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingDependencyError(
                f"calibration measures with ONNX Runtime, which is not usable ({error}): pip install 'edgepose[onnx]'"
            ) from None
        session_options = onnxruntime.SessionOptions()
        session_options.intra_op_num_threads = threads
        session_options.log_severity_level = 3
        session_options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the board has other work
        session_options.add_session_config_entry("session.disable_quant_qdq", "1")  # exact, whatever the CPU's INT8
        data = with_outputs(model, names).SerializeToString()
        try:
            self._session: Any = onnxruntime.InferenceSession(data, session_options, ["CPUExecutionProvider"])
        except Exception as error:  # its exceptions share no base class
            raise ModelError(f"ONNX Runtime cannot run model {spec.name}: {str(error).splitlines()[0]}") from None
        self._input = spec.input_name
        self._batch = 1 if spec.dynamic_batch else spec.batch
        self.names = list(names)

    def __call__(self, tensor: FloatArray) -> dict[str, NDArray[np.float32]]:
        """The tensors by name, batch axis first, for one input without a batch axis.

        Where the graph fixes how many pictures go in, the same one goes in so many times.
        """
        return self.run({self._input: filled(tensor[None], self._batch)})

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """The same for a graph with other inputs than a network's, by name."""
        return dict(zip(self.names, self._session.run(self.names, dict(feeds)), strict=True))


def tensors(paths: Iterable[Path], spec: ModelSpec, input_hw: tuple[int, int]) -> Iterator[FloatArray]:
    """The network's input for each picture, prepared exactly as inference prepares it."""
    preprocessor = Preprocessor(spec, input_hw)
    for path in paths:
        yield preprocessor.prepare(read_image(path))[0]
