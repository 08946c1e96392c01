"""The learned head as ONNX, for the runtime, with the parity measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from edgepose.errors import ModelError
from edgepose.training.fall_head.fit import probabilities
from edgepose.training.fall_head.network import FallNetwork
from edgepose.training.fall_head.sights import CHANNELS, STEPS
from edgepose.training.weights.export import IR, OPSET

PARITY = 1e-4


class _Probability(nn.Module):
    def __init__(self, network: FallNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, window: Tensor) -> Tensor:
        return torch.sigmoid(self.network(window))


def export(network: FallNetwork, path: Path) -> float:
    """Write the ONNX file; returns the largest difference to PyTorch. ModelError when it is above PARITY."""
    import onnx
    import onnxruntime

    torch.onnx.export(
        _Probability(network).eval(),
        (torch.zeros(1, CHANNELS, STEPS),),
        str(path),
        input_names=["window"],
        output_names=["probability"],
        dynamic_axes={"window": {0: "batch"}, "probability": {0: "batch"}},
        opset_version=OPSET,
        dynamo=False,
    )
    network.eval()  # the exporter leaves it training
    model = onnx.load(str(path))
    model.ir_version = min(model.ir_version, IR)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    windows = np.random.default_rng(0).normal(0, 0.5, (64, CHANNELS, STEPS)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    error = float(np.abs(session.run(None, {"window": windows})[0] - probabilities(network, windows)).max())
    if error > PARITY:
        raise ModelError(f"{path.name!r} differs from the network by {error:.5f}; do not ship it")
    return error
