"""Where channels matter least: `python edgepose_lite_widths.py RECIPE.toml DATA GFLOP` prints options for [network].

For every place where the student may be narrower it is measured what that costs the recipe's teacher
(edgepose.training.narrow.channel_costs); then the cheapest goes until the network costs GFLOP at 224 x 320
(edgepose.training.narrow.allot).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepose.training.narrow.allot import allot, price_of, with_widths
from edgepose.training.narrow.channel_costs import channel_costs
from edgepose.training.narrow.narrower import open_whole
from edgepose.training.narrow.probe import probe_pictures
from edgepose.training.run.config import load_config, network_lines

NARROWEST = 48


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("recipe", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("gflop", type=float)
    parser.add_argument("--pictures", type=int, default=12, help="from each of photos.json and falls.json")
    args = parser.parse_args()
    recipe = load_config(args.recipe)
    teacher = open_whole(recipe.distill.teacher, recipe.network.n_refinements)
    pictures = probe_pictures([args.data / "photos.json", args.data / "falls.json"], args.pictures)
    costs = channel_costs(teacher, pictures, fewest)
    for one in costs:
        quarter = one.lost[one.link.n_channels // 4]
        print(f"{one.link.option}: a quarter of the channels costs {quarter:.4f}, ", end="")
        print(f"which moves the maps {one.moves:.4f} fold")
    widths = allot(teacher, costs, args.gflop)
    print(f"{price_of(teacher)(widths) / 1e9:.2f} GFLOP at 224 x 320")
    print(*network_lines(with_widths(recipe.network, widths)), sep="\n")


def fewest(channels: int) -> int:
    """What is left of a layer's channels at least."""
    return max(min(NARROWEST, channels // 2), 32 if channels <= 128 else channels // 8)


if __name__ == "__main__":
    main()
