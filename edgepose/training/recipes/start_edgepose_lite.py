"""A first network by least squares: `python start_edgepose_lite.py RECIPE.toml DATA OUT.pt`.

The recipe's teacher is Open Model Zoo's human-pose-estimation-0001; DATA is what prepare_edgepose_lite.py wrote. The
student has ReLU where the teacher has ELU, and fewer channels where they matter least (training/narrow/eliminate.py
says which go, edgepose_lite_widths.py how many where); every layer from the first change on is solved for
(training/narrow/refit.py). Training begins where this ends.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch

from edgepose.training.narrow.narrower import narrowed, open_whole, pair_up
from edgepose.training.narrow.probe import probe_pictures, runner
from edgepose.training.narrow.refit import refit
from edgepose.training.network.pose_network import PoseNetwork
from edgepose.training.run.config import load_config
from edgepose.training.weights import checkpoint


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("recipe", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--pictures", type=int, default=16, help="from each of photos.json and falls.json")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_grad_enabled(False)
    recipe = load_config(args.recipe)
    if recipe.network.residual:
        raise SystemExit("the teacher's refinement stage draws the maps anew; set network.residual = false")
    teacher = open_whole(recipe.distill.teacher, recipe.network.n_refinements)
    student = PoseNetwork(recipe.network).eval()
    pictures = probe_pictures([args.data / "photos.json", args.data / "falls.json"], args.pictures)
    run_teacher, run_student = runner(teacher, pictures), runner(student, pictures)
    pairs = pair_up(student, teacher, narrowed(student, teacher, run_teacher))
    left = refit(run_student, run_teacher, pairs)
    print("share of the teacher's variance left unexplained, per layer:", *(f"{share:.3f}" for share in left))
    state = student.state_dict()
    checkpoint.save(args.output, {"network": checkpoint.describe(student), "model": state, "ema": state})


if __name__ == "__main__":
    main()
