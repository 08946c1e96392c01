"""A light network made narrower where that costs its maps least, and solved anew to come near them again.

The network itself is the wide one: its channels are measured on pictures (channel_costs), a GFLOP is shared out among
its layers (allot), the channels that others can replace go (narrow), and every layer from the first change on is solved
for (refit). No label is needed; training afterwards is (docs/explanation/training.md).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from math import ceil
from typing import Any

import torch
from msgspec.structs import replace
from torch import Tensor

from edgepose.errors import DataError, ModelError
from edgepose.training.narrow.allot import STEP, allot, own_widths, price_of, with_widths
from edgepose.training.narrow.channel_costs import channel_costs, last_maps, unexplained
from edgepose.training.narrow.narrower import pair_up, remaining
from edgepose.training.narrow.probe import runner
from edgepose.training.narrow.prune import numbers
from edgepose.training.narrow.refit import refit
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork
from edgepose.training.weights.checkpoint import conv_shapes
from edgepose.training.weights.initialise import fold_norms

FEWEST = 16
"""Channels that every layer keeps, where it has them."""

FEWEST_PICTURES = 8
"""Three quarters of them give 800 equations each for a 3x3 layer's 1152 unknowns."""

JUDGED = 4
"""Every fourth picture is not solved with; it tells what is left unexplained."""

Progress = Callable[[Sequence[Any], str], Iterable[Any]]
"""Hands out things one by one and shows how far it is; the second argument is a word for them."""


@torch.no_grad()
def prune_by_error(
    network: PoseNetwork, pictures: Sequence[Tensor], gflop: float, progress: Progress = lambda things, _what: things
) -> tuple[PoseNetwork, dict[str, Any]]:
    """A network of at most `gflop` at 224 x 320, and its report; `network` stays as it is.

    pictures: (1, 3, H, W) each, normalised, as the network will see; H and W are multiples of 8. The report has
    parameters and GFLOP before and after, and `unexplained`: the share of the variance of the old last maps that is
    missing from the new ones, on pictures that were not solved with. ModelError, DataError say what cannot be done.
    """
    check(network, gflop)
    if len(pictures) < FEWEST_PICTURES:
        raise DataError(f"wanted at least {FEWEST_PICTURES} pictures to measure with, found {len(pictures)}; give more")
    wide = folded(network)
    judged = pictures[::JUDGED]
    solved = [picture for i, picture in enumerate(pictures) if i % JUDGED]
    least = fewest(wide.options)
    costs = channel_costs(wide, solved, lambda _n: least, lambda found: progress(found, "places measured"))
    widths = allot(wide, costs, gflop)
    narrow = PoseNetwork(with_widths(wide.options, widths)).eval()
    keep: dict[Any, Tensor] = {}
    for one in costs:
        if widths[one.link.option] < one.link.n_channels:
            keep |= remaining(one.link, one.order, widths[one.link.option])
    pairs = pair_up(narrow, wide, keep)
    refit(runner(narrow, solved), runner(wide, solved), pairs, progress=lambda found: progress(found, "layers solved"))
    wanted, given = ([last_maps(one, picture) for picture in judged] for one in (wide, narrow))
    return narrow, {
        "before": numbers(network),
        "after": numbers(narrow),
        "unexplained": unexplained(wanted, given),
        "pictures": {"solved": len(solved), "judged": len(judged)},
    }


def check(network: PoseNetwork, gflop: float) -> None:
    """ModelError where pruning by error does not know the network, or cannot reach `gflop`."""
    options = network.options
    if options.backbone != "light" or (options.n_refinements and options.refinement != "light"):
        kinds = f"backbone {options.backbone!r}, refinement {options.refinement!r}"
        raise ModelError(f"pruning by error knows light networks only, this one has {kinds}; take importance magnitude")
    if options.residual:
        raise ModelError(
            "pruning by error wants a network whose last stage draws the maps anew, this one adds to them (residual); "
            "take importance magnitude"
        )
    with torch.device("meta"):
        if conv_shapes(network) != conv_shapes(PoseNetwork(options)):
            raise ModelError(
                "this network was pruned by magnitude or norm, so its widths are not its options' any more; prune the "
                "checkpoint that it came from"
            )
    price, widths = price_of(network), own_widths(network)
    whole = price(widths)
    if gflop >= whole / 1e9:
        raise ModelError(f"the network costs {whole / 1e9:.2f} GFLOP already, {gflop:g} is not less; ask for less")
    least = price({option: min(n, fewest(options)) for option, n in widths.items()}) / 1e9
    if gflop < least:
        raise ModelError(
            f"no network of this shape costs as little as {gflop:g} GFLOP, the least is {least:.2f}; ask for more"
        )


def fewest(options: NetworkOptions) -> int:
    """Channels that every layer keeps; `widths` say at least 8 before `width` multiplies them."""
    return max(FEWEST, ceil(options.width) * STEP)


def folded(network: PoseNetwork) -> PoseNetwork:
    """A copy in `eval` mode whose norms are part of its convolutions, and whose options say so."""
    copied = copy.deepcopy(network).eval()
    fold_norms(copied)
    copied.options = replace(copied.options, norm=False)
    return copied
