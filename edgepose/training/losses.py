"""The reference's loss: half the masked squared error, summed over stages, maps and cells, per picture."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from edgepose.training.stages import Maps


def stage_losses(stages: Sequence[Maps], pafs: Tensor, heatmaps: Tensor, mask: Tensor) -> list[Tensor]:
    """Per stage 1/2 sum(mask (prediction - target)^2) over both maps, divided by the batch size; no stage weights.

    pafs (N, 2L, h, w), heatmaps (N, K + 1, h, w), mask (N, 1, h, w): targets, float32. The sum of the list is what
    is minimised.
    """
    batch = len(pafs)
    return [
        0.5
        * ((mask * (seen_pafs.float() - pafs) ** 2).sum() + (mask * (seen_heatmaps.float() - heatmaps) ** 2).sum())
        / batch
        for seen_pafs, seen_heatmaps in stages
    ]
