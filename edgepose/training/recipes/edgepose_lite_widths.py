"""Where channels matter least: `python edgepose_lite_widths.py RECIPE.toml DATA GFLOP` prints options for [network].

For every place where the student may be narrower: what each channel's loss costs the next layer
(edgepose.training.eliminate), and how much an error there moves the teacher's last maps, measured with noise. Then, 8
channels at a time, the cheapest error per multiplication saved goes, until the network costs GFLOP at 224 x 320.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from msgspec.structs import replace
from torch import Tensor, nn

from edgepose.training.backbone_light import WIDTHS
from edgepose.training.config import load_config
from edgepose.training.eliminate import eliminate
from edgepose.training.narrow import ROWS, Link, links, open_whole
from edgepose.training.network import NetworkOptions, PoseNetwork, count_flop
from edgepose.training.probe import probe_pictures, runner
from edgepose.training.refit import collect

STEP = 8
NARROWEST = 48
NOISE = 0.05
"""Variance of the noise that an error is imitated with, as a share of the layer's."""
PLACES = [
    *(f"widths.{i}" for i in range(len(WIDTHS))),
    "initial_inner",
    "initial_inner",
    "initial_head",
    "initial_head",
]
PLACES += [f"refinement_inner.{i}" for i in range(5)]
"""Which option sets the channels of each of `links`, in their order."""

Costs = dict[str, Tensor]
"""Per option: the error of the last maps after 0, STEP, 2 STEP ... channels are gone."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("gflop", type=float)
    parser.add_argument("--pictures", type=int, default=12, help="from each of photos.json and falls.json")
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    recipe = load_config(args.recipe)
    teacher = open_whole(recipe.distill.teacher)
    pictures = probe_pictures([args.data / "photos.json", args.data / "falls.json"], args.pictures)
    everywhere = links(teacher)
    costs = lost(everywhere, runner(teacher, pictures))
    moves = [moved(teacher, pictures[::2], link) for link in everywhere]
    total: Costs = {}
    for place, link, cost, move in zip(PLACES, everywhere, costs, moves, strict=True):
        quarter = cost[link.layer.conv.out_channels // 4 // STEP]
        print(f"{place}: a quarter of the channels costs {quarter:.4f}, which moves the maps {move:.4f} fold")
        total[place] = total.get(place, 0) + move * cost
    widths = allot(replace(recipe.network, residual=False), total, args.gflop)
    for name in ("widths", "initial_inner", "initial_head", "refinement_inner"):
        value = getattr(widths, name)
        print(f"{name} = {list(value) if isinstance(value, tuple) else value}")


def lost(everywhere: Iterable[Link], run: Callable[[], None]) -> list[Tensor]:
    """Per link what the next layer loses with 0, STEP, 2 STEP ... channels."""
    found = collect(run, [link.after for link in everywhere], ROWS)
    costs = []
    for link in everywhere:
        patches, answers = found.pop(link.after)
        channels = link.layer.conv.out_channels
        fewest = max(min(NARROWEST, channels // 2), 32 if channels <= 128 else channels // 8)
        _, errors = eliminate(patches.view(len(patches), channels, -1), answers, fewest)
        costs.append(errors[::STEP] - errors[0])
    return costs


def moved(network: PoseNetwork, pictures: list[Tensor], link: Link) -> float:
    """Error of the last maps per relative error of what `link.after` gives."""
    noise = torch.Generator().manual_seed(1)

    def disturb(_layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        scale: Tensor = output.std((2, 3), keepdim=True) * NOISE**0.5
        return output + scale * torch.randn(output.shape, generator=noise)

    error = power = 0.0
    for picture in pictures:
        clean = torch.cat(network(picture), 1)
        hook = link.after.conv.register_forward_hook(disturb)
        error += float((torch.cat(network(picture), 1) - clean).square().sum())
        hook.remove()
        power += float(clean.var((2, 3), unbiased=False).sum()) * clean[0, 0].numel()
    return error / power / NOISE


def allot(options: NetworkOptions, costs: Costs, gflop: float) -> NetworkOptions:
    """Narrow place by place until the network costs `gflop`."""
    widths = dict.fromkeys(costs, 128) | {"initial_head": 512}
    widths |= {f"widths.{i}": n for i, n in enumerate(WIDTHS)}
    whole = dict(widths)
    flop = count(options, widths)
    while flop > 1e9 * gflop:
        best, saved = "", 0
        rate = float("inf")
        for place, errors in costs.items():
            i = (whole[place] - widths[place]) // STEP
            if i + 1 >= len(errors):
                continue
            less = flop - count(options, widths | {place: widths[place] - STEP})
            if float(errors[i + 1] - errors[i]) / less < rate:
                best, saved, rate = place, less, float(errors[i + 1] - errors[i]) / less
        if not best:
            raise SystemExit(f"no network of this shape costs as little as {gflop} GFLOP; ask for more")
        widths[best] -= STEP
        flop -= saved
    print(f"{flop / 1e9:.2f} GFLOP at 224 x 320")
    return with_widths(options, widths)


def count(options: NetworkOptions, widths: dict[str, int]) -> int:
    with torch.device("meta"):
        return count_flop(PoseNetwork(with_widths(options, widths)), (224, 320))


def with_widths(options: NetworkOptions, widths: dict[str, int]) -> NetworkOptions:
    many = {
        name: tuple(widths[f"{name}.{i}"] for i in range(n)) for name, n in (("widths", 11), ("refinement_inner", 5))
    }
    return replace(options, initial_inner=widths["initial_inner"], initial_head=widths["initial_head"], **many)


if __name__ == "__main__":
    main()
