"""Fine-tuning of INT8 weights: the graph in PyTorch computes what ONNX Runtime does, and training brings it nearer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from small_network import SPEC, pictures_like
from test_pictures import scene, silent, write

torch = pytest.importorskip("torch")

from edgepose.cli import main  # noqa: E402
from edgepose.engine.onnx.queries import initialisers  # noqa: E402
from edgepose.errors import ModelError  # noqa: E402
from edgepose.look.preprocess import Preprocessor  # noqa: E402
from edgepose.training.finetune_int8 import FinetuneOptions, finetuned  # noqa: E402
from edgepose.training.onnx_graph import OnnxGraph  # noqa: E402

pytestmark = pytest.mark.torch


def exactly(model: Any, batch: Any) -> list[Any]:
    """What ONNX Runtime gives when it does not fuse Q/DQ into kernels that round otherwise."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found: list[Any] = session.run(["heatmaps", "pafs"], {"input": batch})
    return found


def outputs(model: Any, batch: Any) -> list[Any]:
    with torch.no_grad():
        return [out.numpy() for out in OnnxGraph(model)(torch.from_numpy(batch))]


@pytest.mark.parametrize("which", ["model", "int8"])
def test_pytorch_computes_what_onnx_runtime_does(which: str, request: pytest.FixtureRequest) -> None:
    network = request.getfixturevalue(which)
    batch = pictures_like(np.random.default_rng(2))
    for ours, theirs in zip(outputs(network, batch), exactly(network, batch), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def tensor(image: Any) -> Any:
    return np.array(Preprocessor(SPEC, SPEC.input_hw).prepare(image)[0])


def test_weights_come_nearer_to_fp32_and_stay_int8(model: Any, int8: Any, tmp_path: Path) -> None:
    write(tmp_path, [scene(k) for k in range(8)])
    options = FinetuneOptions(steps=80, batch=8, crop_px=32, step_rate=0.05, float_rate=1e-3)
    better = finetuned(int8, model, SPEC, sorted(tmp_path.iterdir()), options, silent)
    onnx.checker.check_model(better, full_check=True)
    before, after = initialisers(int8), initialisers(better)
    assert {name: (a.dtype, a.shape) for name, a in after.items()} == {n: (a.dtype, a.shape) for n, a in before.items()}
    scales = [node.input[1] for node in int8.graph.node if node.op_type == "DequantizeLinear"]
    assert all(np.array_equal(before[name], after[name]) for name in scales)
    fresh = np.stack([tensor(scene(k)) for k in range(20, 24)])
    wanted = outputs(model, fresh)

    def error(network: Any) -> float:
        return sum(float(((a - b) ** 2).sum()) for a, b in zip(outputs(network, fresh), wanted, strict=True))

    assert error(better) < 0.9 * error(int8)


def test_a_node_that_cannot_be_trained_is_named(model: Any) -> None:
    odd = onnx.ModelProto()
    odd.CopyFrom(model)
    next(node for node in odd.graph.node if node.op_type == "Relu").op_type = "Sigmoid"
    with pytest.raises(ModelError, match="Sigmoid"):
        OnnxGraph(odd)


def test_the_command_line_refuses_a_negative_number_of_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "m.onnx", "--images", "p", "-o", "o", "--finetune", "-3"]) != 0
    assert "--finetune" in capsys.readouterr().err
