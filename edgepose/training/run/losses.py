"""The reference's loss: half the masked squared error, summed over stages, maps and cells, per picture.

Options weigh it towards what is there (`foreground`), towards heatmaps (`heatmaps`), and towards where a peak lies
rather than how high it is (`slopes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from msgspec import Meta
from torch import Tensor

from edgepose.options import Options
from edgepose.training.network.stages import Maps


class LossOptions(Options, frozen=True):
    """What an error costs."""

    foreground: Annotated[
        float,
        Meta(
            ge=0,
            description="extra weight of an error where the target is not zero; larger values find more people and "
            "see more that are not there, since a doubtful keypoint is drawn stronger",
        ),
    ] = 0.0
    heatmaps: Annotated[
        float,
        Meta(gt=0, description="weight of heatmaps, PAFs having 1; larger values learn heatmaps at the cost of PAFs"),
    ] = 1.0
    slopes: Annotated[
        float,
        Meta(
            ge=0,
            description="weight of errors in the difference between neighbouring cells of heatmaps, which says where "
            "within its cell a peak lies",
        ),
    ] = 0.0


def stage_losses(
    stages: Sequence[Maps],
    pafs: Tensor,
    heatmaps: Tensor,
    mask: Tensor,
    options: LossOptions = LossOptions(),  # noqa: B008 (frozen)
) -> list[Tensor]:
    """Per stage 1/2 sum(mask (prediction - target)^2) over both maps, divided by the batch size; no stage weights.

    With `foreground` f each squared error counts 1 + f |target| times, on all channels but the background.

    pafs (N, 2L, h, w), heatmaps (N, K + 1, h, w), targets, float32. mask (N, 1, h, w), or (N, K + 1 + 2L, h, w)
    with the heatmaps' channels first. The sum of the list is what is minimised.
    """
    n = heatmaps.shape[1]
    paf_mask, heatmap_mask = (mask, mask) if mask.shape[1] == 1 else (mask[:, n:], mask[:, :n])
    paf_weight, heatmap_weight = paf_mask, heatmap_mask
    if options.foreground:
        paf_weight = paf_mask * (1 + options.foreground * pafs.abs())
        heatmap_weight = heatmap_mask * (1 + options.foreground * heatmaps.abs())
        heatmap_weight[:, -1:] = heatmap_mask[:, -1:]
    losses = []
    for seen_pafs, seen_heatmaps in stages:
        error = seen_heatmaps.float() - heatmaps
        of_heatmaps = (heatmap_weight * error**2).sum()
        if options.slopes:
            of_heatmaps = of_heatmaps + options.slopes * sum(_slopes(error, heatmap_weight, axis) for axis in (2, 3))
        of_pafs = (paf_weight * (seen_pafs.float() - pafs) ** 2).sum()
        losses.append(0.5 * (of_pafs + options.heatmaps * of_heatmaps) / len(pafs))
    return losses


def _slopes(error: Tensor, weight: Tensor, axis: int) -> Tensor:
    """Squared differences between neighbours along an axis, each weighing what the lighter of the two cells does."""
    n = error.shape[axis] - 1
    lighter = torch.minimum(weight.narrow(axis, 0, n), weight.narrow(axis, 1, n))
    return (lighter * error.diff(dim=axis) ** 2).sum()
