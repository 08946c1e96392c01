"""BodyPoseNet's backbone: VGG19's first ten convolutions with strides in place of pooling, then two to 128 channels."""

from __future__ import annotations

from torch import nn

from edgepose.training.network.layers import Conv

FEATURES = 128
"""Channels that every backbone hands to the stages."""

WIDTHS = (64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 256)
STRIDES = (1, 1, 2, 1, 2, 1, 1, 1, 2, 1, 1)


class VggBackbone(nn.Sequential):
    """(N, 3, H, W) to features (N, 128, H/8, W/8).

    Conv 3x3 + BN + ReLU: 2 x 64; 2 x 128, the first of stride 2; 4 x 256, likewise; 2 x 512, likewise; 1 x 256; then
    one conv 3x3 to 128 with bias and ReLU (TAO BodyPoseNet, `vgg` with pooling replaced by strides).
    """

    def __init__(self) -> None:
        channels = (3, *WIDTHS)
        layers = [
            Conv(n_in, n_out, stride=stride, norm=True)
            for n_in, n_out, stride in zip(channels[:-1], channels[1:], STRIDES, strict=True)
        ]
        super().__init__(*layers, Conv(channels[-1], FEATURES))
