"""A MobileNet-like backbone for small boards (Osokin 2018, "Real-time 2D multi-person pose estimation on CPU").

MobileNetV1 (Howard et al. 2017) whose fourth stride is replaced by a dilation, so that it ends at stride 8, then a
residual block of separable convolutions that brings it to 128 channels. ReLU only, where the paper has ELU.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from edgepose.training.network.backbone_vgg import FEATURES
from edgepose.training.network.layers import Conv, Residual, separable

WIDTHS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512)
STRIDES = (1, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1)
DILATIONS = (1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
STEM = 32


class LightBackbone(nn.Module):
    """(N, 3, H, W) to features (N, 128, H/8, W/8).

    width: multiplies all inner channel counts, rounded to multiples of 8 (INT8 kernels want that). widths: the blocks'
    channel counts themselves, where they were pruned one by one. norm: batch norm after each convolution; without it
    the biases of a network whose norms were folded can be loaded.
    """

    def __init__(self, *, width: float = 1.0, widths: Sequence[int] = WIDTHS, norm: bool = True) -> None:
        channels = tuple(max(8, round(width * n / 8) * 8) for n in (STEM, *widths))
        blocks = [
            separable(n_in, n_out, stride=stride, dilation=dilation, norm=norm)
            for n_in, n_out, stride, dilation in zip(channels[:-1], channels[1:], STRIDES, DILATIONS, strict=True)
        ]
        super().__init__()
        self.trunk = nn.Sequential(Conv(3, channels[0], stride=2, norm=norm), *blocks)
        self.reduction = reduction(channels[-1], norm=norm)

    def forward(self, x: Tensor) -> Tensor:
        return self.reduction(self.trunk(x))  # type: ignore[no-any-return]


def reduction(n_in: int, *, norm: bool) -> nn.Sequential:
    """Brings `n_in` channels to 128: pointwise, a residual of separable convolutions, one full 3x3."""
    n = FEATURES
    residual = Residual(
        Conv(n, n, 1, norm=norm),
        *separable(n, n, norm=norm),
        *separable(n, n, norm=norm),
        *separable(n, n, norm=norm),
    )
    return nn.Sequential(Conv(n_in, n, 1, norm=norm), residual, Conv(n, n, 3))
