"""The reference's loss: half the masked squared error, summed over stages, maps and cells, per picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta
from torch import Tensor

from edgepose.options import Options
from edgepose.training.stages import Maps


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


def stage_losses(
    stages: Sequence[Maps],
    pafs: Tensor,
    heatmaps: Tensor,
    mask: Tensor,
    options: LossOptions = LossOptions(),  # noqa: B008 (frozen)
) -> list[Tensor]:
    """Per stage 1/2 sum(mask (prediction - target)^2) over both maps, divided by the batch size; no stage weights.

    With `foreground` f each squared error counts 1 + f |target| times, on all channels but the background.

    pafs (N, 2L, h, w), heatmaps (N, K + 1, h, w), mask (N, 1, h, w): targets, float32. The sum of the list is what
    is minimised.
    """
    batch = len(pafs)
    paf_weight, heatmap_weight = mask, mask
    if options.foreground:
        paf_weight = mask * (1 + options.foreground * pafs.abs())
        heatmap_weight = mask * (1 + options.foreground * heatmaps.abs())
        heatmap_weight[:, -1:] = mask
    return [
        0.5
        * (
            (paf_weight * (seen_pafs.float() - pafs) ** 2).sum()
            + (heatmap_weight * (seen_heatmaps.float() - heatmaps) ** 2).sum()
        )
        / batch
        for seen_pafs, seen_heatmaps in stages
    ]
