"""Initial and refinement stages: features in, PAFs and heatmaps out (Cao et al. 2017, figure 3; TAO BodyPoseNet).

In the lite form one trunk serves both heads; in the full form each head has its own trunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from edgepose.training.network.backbone_vgg import FEATURES
from edgepose.training.network.layers import Conv, Residual

BLOCKS = (FEATURES,) * 5
"""Inner channels of a light refinement stage's blocks."""
Maps = tuple[Tensor, Tensor]
"""PAFs (N, 2L, h, w) and heatmaps (N, K + 1, h, w), background last; linear, no activation."""


class Stage(nn.Module):
    """Trunks and heads: `forward(x) -> (pafs, heatmaps)`.

    trunk: makes a trunk; called once in the lite form, twice (PAFs, heatmaps) in the full form.
    """

    def __init__(self, trunk: Callable[[], nn.Module], head_width: int, n_pafs: int, n_heatmaps: int, *, full: bool):
        super().__init__()
        self.trunks = nn.ModuleList(trunk() for _ in range(1 + full))
        self.paf_head = _head(head_width, n_pafs)
        self.heatmap_head = _head(head_width, n_heatmaps)

    def forward(self, x: Tensor) -> Maps:
        features = [trunk(x) for trunk in self.trunks]
        return self.paf_head(features[0]), self.heatmap_head(features[-1])


def _head(width: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(Conv(FEATURES, width, 1), Conv(width, n_out, 1, relu=False))


class InitialStage(Stage):
    """3 x conv 3x3 (128), then per head conv 1x1 (512) and conv 1x1 to its maps; reads the features.

    inner: channels between the three 3x3.
    """

    def __init__(
        self,
        n_pafs: int,
        n_heatmaps: int,
        *,
        full: bool = False,
        kernel: int = 3,
        head_width: int = 512,
        inner: int = FEATURES,
    ) -> None:
        def trunk() -> nn.Module:
            channels = FEATURES, inner, inner, FEATURES
            return nn.Sequential(*(Conv(channels[i], channels[i + 1], kernel) for i in range(3)))

        super().__init__(trunk, head_width, n_pafs, n_heatmaps, full=full)


class RefinementStage(Stage):
    """5 x conv 7x7 (128), then per head conv 1x1 (128) and conv 1x1; reads features + heatmaps + PAFs (185)."""

    def __init__(self, n_pafs: int, n_heatmaps: int, *, full: bool = False, kernel: int = 7) -> None:
        n_in = FEATURES + n_heatmaps + n_pafs

        def trunk() -> nn.Module:
            return nn.Sequential(*(Conv(n_in if i == 0 else FEATURES, FEATURES, kernel) for i in range(5)))

        super().__init__(trunk, FEATURES, n_pafs, n_heatmaps, full=full)

    @staticmethod
    def join(features: Tensor, maps: Maps) -> Tensor:
        """(N, 185, h, w): what the stage reads, in the order of TAO's layers."""
        pafs, heatmaps = maps
        return torch.cat((features, heatmaps, pafs), 1)


class LightRefinementStage(Stage):
    """Each 7x7 becomes a 1x1 and a residual pair of 3x3, the second dilated by 2 (Osokin 2018, figure 4).

    inner: channels between the two 3x3 of each block; they cost most of the stage, and not all need 128.
    """

    def __init__(
        self, n_pafs: int, n_heatmaps: int, *, full: bool = False, norm: bool = True, inner: Sequence[int] = BLOCKS
    ) -> None:
        n_in = FEATURES + n_heatmaps + n_pafs

        def block(i: int) -> nn.Module:
            return nn.Sequential(
                Conv(n_in if i == 0 else FEATURES, FEATURES, 1),
                Residual(Conv(FEATURES, inner[i], norm=norm), Conv(inner[i], FEATURES, dilation=2, norm=norm)),
            )

        def trunk() -> nn.Module:
            return nn.Sequential(*(block(i) for i in range(len(inner))))

        super().__init__(trunk, FEATURES, n_pafs, n_heatmaps, full=full)

    @staticmethod
    def join(features: Tensor, maps: Maps) -> Tensor:
        """(N, 185, h, w): what the stage reads, in the order of Open Model Zoo's export."""
        return torch.cat((*maps, features), 1)
