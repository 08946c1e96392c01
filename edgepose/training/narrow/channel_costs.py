"""What fewer channels cost the last maps, place by place: measured on pictures, before anything is taken away.

Two things are measured at every link: what the next layer loses when channels go and it is solved anew for the others
(edgepose.training.narrow.eliminate), and how much an error there moves the last maps, imitated with noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edgepose.training.narrow.narrower import ROWS, Link, eliminated, links
from edgepose.training.narrow.probe import runner
from edgepose.training.narrow.refit import collect
from edgepose.training.network.pose_network import PoseNetwork

NOISE = 0.05
"""Variance of the noise that an error is imitated with, as a share of the layer's."""

Progress = Callable[[Sequence[Link]], Iterable[Link]]


@dataclass(frozen=True, eq=False)
class ChannelCosts:
    """One link's costs.

    order: (C,) channels in the order in which they go; those that were not asked about come last.
    lost: (n + 1,) share of the next layer's variance that is lost with 0, 1, 2 ... n channels gone.
    moves: error of the last maps, as a share of their variance, per share that is lost.
    """

    link: Link
    order: Tensor
    lost: Tensor
    moves: float


@torch.no_grad()
def channel_costs(
    network: PoseNetwork, pictures: Sequence[Tensor], fewest: Callable[[int], int], progress: Progress = iter
) -> list[ChannelCosts]:
    """The costs of every link, down to `fewest(C)` of its C channels. progress: wraps the loop."""
    everywhere = links(network)
    found = collect(runner(network, pictures), [link.after for link in everywhere], ROWS)
    few = pictures[::2]
    clean = [last_maps(network, picture) for picture in few]
    costs = []
    for link in progress(everywhere):
        order, errors = eliminated(link, found.pop(link.after), min(link.n_channels, fewest(link.n_channels)))
        costs.append(ChannelCosts(link, order, errors - errors[0], moved(network, few, clean, link)))
    return costs


def moved(network: PoseNetwork, pictures: Sequence[Tensor], clean: Sequence[Tensor], link: Link) -> float:
    """Error of the last maps per relative error of what `link.after` gives; clean: the maps without it."""
    noise = torch.Generator().manual_seed(1)

    def disturb(_layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        scale: Tensor = output.std((2, 3), keepdim=True) * NOISE**0.5
        return output + scale * torch.randn(output.shape, generator=noise)

    hook = link.after.conv.register_forward_hook(disturb)
    disturbed = [last_maps(network, picture) for picture in pictures]
    hook.remove()
    return unexplained(clean, disturbed) / NOISE


def last_maps(network: PoseNetwork, picture: Tensor) -> Tensor:
    """(1, 2L + K + 1, h, w): PAFs and heatmaps of the last stage; the network is in `eval` mode."""
    return torch.cat(network(picture), 1)


def unexplained(wanted: Sequence[Tensor], given: Sequence[Tensor]) -> float:
    """Share of the wanted maps' variance, within each picture, that is missing from the given ones."""
    error = sum(float((one - other).square().sum()) for one, other in zip(given, wanted, strict=True))
    return error / sum(float(one.var((2, 3), unbiased=False).sum()) * one[0, 0].numel() for one in wanted)
