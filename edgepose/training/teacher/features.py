"""Distillation of features: the backbone is held to what the teacher's backbone gives, cell by cell.

Maps say something only where somebody is; features say something everywhere, so that few pictures teach more, and what
the teacher learned from many is kept (A. Romero et al., "FitNets: hints for thin deep nets", ICLR 2015). The teacher
sees the crop itself: its features, unlike its maps, need not be moved with the augmentation.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from edgepose.errors import ModelError
from edgepose.training.narrow.narrower import open_whole
from edgepose.training.network.pose_network import PoseNetwork


class FeatureMatch(nn.Module):
    """What `network` owes its teacher, per step; call `loss` after the network has seen the same pictures.

    teacher: path of human-pose-estimation-0001 or of another export of that shape. ModelError when its backbone gives
    another number of features than the network's.
    """

    def __init__(self, network: PoseNetwork, teacher: str) -> None:
        super().__init__()
        self.teacher = open_whole(teacher).backbone.requires_grad_(False)
        self._seen: list[Tensor] = []
        network.backbone.register_forward_hook(self._keep)
        with torch.no_grad():
            probe = torch.zeros(1, 3, 64, 64, device=next(network.parameters()).device)
            own, others = network.backbone(probe).shape[1], self.teacher(probe.cpu()).shape[1]
        if own != others:
            raise ModelError(
                f"the network's backbone gives {own} features, the teacher's {others}; set distill.features = 0"
            )

    def _keep(self, _module: nn.Module, _inputs: Any, output: Tensor) -> None:
        self._seen = [output]

    def loss(self, images: Tensor, share: float = 1.0) -> Tensor:
        """Squared difference in units of each feature's variance, mean over features, sum over cells, per picture.

        share: of the images, the last ones, that the teacher looks at.
        """
        n = max(1, round(share * len(images)))
        images = images[-n:]
        with torch.no_grad():
            wanted = self.teacher(images).float()
            variance = wanted.var((0, 2, 3), keepdim=True) + 1e-4
        (seen,) = self._seen
        return ((seen[-n:].float() - wanted) ** 2 / variance).mean(1).sum() / len(images)  # type: ignore[no-any-return]
