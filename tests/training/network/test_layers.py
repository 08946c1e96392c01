"""Gradients of the building blocks where a CPU computes in bfloat16."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from edgepose.training.network.layers import Conv  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("groups", [1, 32])
def test_dilated_layers_learn_in_bfloat16_as_in_float32(groups: int) -> None:
    torch.manual_seed(0)
    layer = Conv(32, 32, 3, dilation=2, groups=groups).to(memory_format=torch.channels_last)
    x = torch.randn(4, 32, 36, 36).contiguous(memory_format=torch.channels_last)
    gradients = []
    for bf16 in (False, True):
        layer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = layer(x).float().square().sum()
        loss.backward()
        gradients.append(layer.conv.weight.grad.clone())
    exact, rough = gradients
    assert (exact - rough).norm() < 0.02 * exact.norm()
