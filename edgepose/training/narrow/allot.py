"""How many channels stay where: the cheapest error per multiplication saved goes, 8 channels at a time.

What errors cost is measured by `channel_costs`; which channels stay is a matter of `narrower`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace
from torch import Tensor

from edgepose.errors import ModelError
from edgepose.training.narrow.channel_costs import ChannelCosts
from edgepose.training.narrow.narrower import links
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork, flop_by_layer

STEP = 8
"""INT8 kernels of small boards work in groups of 8 channels."""

INPUT_HW = 224, 320
"""Input that GFLOP are counted at, everywhere in this project."""

Widths = dict[str, int]
"""Channels by the option that sets them, as `Link.option` names it."""


def allot(network: PoseNetwork, costs: Sequence[ChannelCosts], gflop: float) -> Widths:
    """Narrow place by place until the network costs `gflop` at 224 x 320; its own widths are where that begins.

    ModelError when even the narrowest that `costs` tell of costs more.
    """
    errors: dict[str, Tensor] = {}
    for one in costs:
        error = one.moves * one.lost
        errors[one.link.option] = errors[one.link.option] + error if one.link.option in errors else error
    whole, price = own_widths(network), price_of(network)
    widths = dict(whole)
    while (flop := price(widths)) > 1e9 * gflop:
        best, lowest = {}, float("inf")
        for option, error in errors.items():
            fewer = (widths[option] - 1) // STEP * STEP
            gone = whole[option] - fewer
            if gone >= len(error):
                continue
            narrower = widths | {option: fewer}
            rate = float(error[gone] - error[whole[option] - widths[option]]) / (flop - price(narrower))
            if rate < lowest:
                best, lowest = narrower, rate
        if not best:
            raise ModelError(
                f"no network of this shape costs as little as {gflop:g} GFLOP, the least is {flop / 1e9:.2f}; "
                "ask for more"
            )
        widths = best
    return widths


def own_widths(network: PoseNetwork) -> Widths:
    """The channels of a light network at every place where they may be fewer."""
    return {link.option: link.n_channels for link in links(network)}


def price_of(network: PoseNetwork) -> Callable[[Mapping[str, int]], int]:
    """Tells what the network would cost at 224 x 320 with other widths, without building it."""
    whole = own_widths(network)
    given = {link.layer.conv: link.option for link in links(network)}
    given |= {link.depthwise.conv: link.option for link in links(network) if link.depthwise}
    read = {link.after.conv: link.option for link in links(network)}
    layers = [(flop, given.get(conv), read.get(conv)) for conv, flop in flop_by_layer(network, INPUT_HW).items()]

    def price(widths: Mapping[str, int]) -> int:
        total = 0
        for flop, *options in layers:
            for option in options:
                if option is not None:
                    flop = flop // whole[option] * widths[option]
            total += flop
        return total

    return price


def with_widths(options: NetworkOptions, widths: Mapping[str, int]) -> NetworkOptions:
    """The options of a network with these channels; those of the backbone are told before `width` multiplies them."""

    def each(name: str) -> tuple[int, ...]:
        return tuple(n for option, n in widths.items() if option.startswith(f"{name}."))

    return replace(
        options,
        widths=tuple(round(n / options.width) for n in each("widths")),
        initial_inner=widths["initial_inner"],
        initial_head=widths["initial_head"],
        refinement_inner=each("refinement_inner") or options.refinement_inner,
    )
