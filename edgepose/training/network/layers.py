"""The one building block of every figure: convolution, optional batch norm, ReLU."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DilatedConv(nn.Conv2d):
    """A dilated convolution, on CPUs always in float32.

    PyTorch's bfloat16 kernel there gives wrong weight gradients, at times infinite, on maps of 32 and more cells a side
    (measured: PyTorch 2.13.0, CPU with AVX512-BF16; both depthwise and whole ones).
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.float())


class Conv(nn.Sequential):
    """Convolution with "same" padding, then batch norm (which replaces the bias) where asked, then ReLU where asked.

    ReLU alone is used in every network here: it fuses into the convolution on TensorRT and loses nothing in INT8.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        norm: bool = False,
        relu: bool = True,
    ) -> None:
        padding = dilation * (kernel - 1) // 2
        kind = nn.Conv2d if dilation == 1 else DilatedConv
        layers: list[nn.Module] = [kind(n_in, n_out, kernel, stride, padding, dilation, groups, bias=not norm)]
        if norm:
            layers.append(nn.BatchNorm2d(n_out))
        if relu:
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)

    @property
    def conv(self) -> nn.Conv2d:
        """The convolution itself."""
        layer = self[0]
        assert isinstance(layer, nn.Conv2d)
        return layer

    @property
    def norm(self) -> nn.BatchNorm2d | None:
        """The batch norm, where there is one."""
        layer = self[1] if len(self) > 1 else None
        return layer if isinstance(layer, nn.BatchNorm2d) else None


def separable(n_in: int, n_out: int, *, stride: int = 1, dilation: int = 1, norm: bool = False) -> nn.Sequential:
    """MobileNet's pair (Howard et al. 2017, table 1): depthwise 3x3, then pointwise, ReLU after both."""
    return nn.Sequential(
        Conv(n_in, n_in, 3, stride=stride, dilation=dilation, groups=n_in, norm=norm),
        Conv(n_in, n_out, 1, norm=norm),
    )


class Residual(nn.Module):
    """Adds what `branch` computes to its input."""

    def __init__(self, *branch: nn.Module) -> None:
        super().__init__()
        self.branch = nn.Sequential(*branch)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.branch(x)  # type: ignore[no-any-return]


def convs(module: nn.Module) -> list[Conv]:
    """The blocks of a part of a network, in its order."""
    return [layer for layer in module.modules() if isinstance(layer, Conv)]
