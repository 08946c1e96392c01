"""A first network by least squares: `python start_edgepose_lite.py RECIPE.toml DATA OUT.pt`.

The recipe's teacher is Open Model Zoo's human-pose-estimation-0001; DATA is what prepare_edgepose_lite.py wrote. The
student has ReLU where the teacher has ELU, 40 of 128 inner channels in the refinement stage and 256 of 512 in the
initial heads; every layer that these changes touch is solved for (edgepose.training.refit). Last, the heads of the
refinement stage are solved for what is missing between the initial maps and the recipe's targets, people at any angle
included. Training begins where this ends.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from edgepose.skeleton import SKELETONS
from edgepose.training import checkpoint
from edgepose.training.backbone_light import LightBackbone
from edgepose.training.config import load_config
from edgepose.training.dataset import PoseDataset
from edgepose.training.distill import open_teacher
from edgepose.training.initialise import initialise
from edgepose.training.layers import Conv, Residual
from edgepose.training.loop import TrainOptions, normalised
from edgepose.training.network import NetworkOptions, PoseNetwork
from edgepose.training.refit import LayerPair, importance, refit, solve_pointwise
from edgepose.training.validate import own_spec

ELU_SHIFT = 0.7
"""max(x, -0.7) is the nearest of its kind to an ELU where most of its inputs lie."""
HEIGHT = 224


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--pictures", type=int, default=16, help="from each of photos.json and falls.json")
    parser.add_argument("--samples", type=int, default=120, help="crops that the heads are solved on")
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    recipe = load_config(args.recipe)
    same = {"backbone": "light", "refinement": "light", "n_refinements": 1, "norm": False}
    teacher = PoseNetwork(msgspec.convert(same, NetworkOptions)).eval()
    initialise(teacher, Path(recipe.distill.teacher))
    student = PoseNetwork(msgspec.structs.replace(recipe.network, residual=False)).eval()
    pictures = [read(path) for path in choose(args.data, args.pictures)]
    assert isinstance(teacher.backbone, LightBackbone) and isinstance(student.backbone, LightBackbone)
    for own, other in zip(convs(student.backbone), convs(teacher.backbone), strict=True):
        copy(own, other)
    with_elu(teacher.backbone.reduction)
    trunk = [teacher.backbone.trunk(picture) for picture in pictures]
    pairs = pair_up(student, teacher, runner(teacher, trunk))
    left = refit(runner(student, trunk), runner(teacher, trunk), pairs)
    print("share of the teacher's variance left unexplained, per layer:", *(f"{share:.3f}" for share in left))
    student.options = recipe.network
    solve_heads(student, recipe, args.samples)
    state = student.state_dict()
    checkpoint.save(args.output, {"network": checkpoint.describe(student), "model": state, "ema": state})


def solve_heads(network: PoseNetwork, recipe: TrainOptions, n_samples: int) -> None:
    """Last layers of the refinement stage, so that they add what the initial maps lack on the recipe's samples."""
    dataset = PoseDataset(recipe.data, SKELETONS[recipe.network.skeleton], 123, open_teacher(recipe.distill))
    stage = network.refinements[0]
    heads = [stage.paf_head, stage.heatmap_head]
    inputs: list[list[Tensor]] = [[], []]
    wanted: list[list[Tensor]] = [[], []]
    for i in range(n_samples):
        sample = dataset[i]
        features = network.backbone(normalised(sample.image[None]))
        maps = network.initial(features)
        hidden = stage.trunks[0](stage.join(features, maps))  # type: ignore[operator, index]
        for k, target in enumerate((sample.pafs, sample.heatmaps)):
            inputs[k].append(heads[k][0](hidden))  # type: ignore[index, operator]
            wanted[k].append(target[None] - maps[k])
    for head, x, y in zip(heads, inputs, wanted, strict=True):
        solve_pointwise(head[-1].conv, x, y)  # type: ignore[index, union-attr]


def choose(data: Path, n: int) -> list[Path]:
    """Pictures spread evenly over both lists."""
    chosen = []
    for name in ("photos.json", "falls.json"):
        images = json.loads((data / name).read_text())["images"]
        chosen += [Path(images[i]["file_name"]) for i in np.linspace(0, len(images) - 1, n).astype(int)]
    return chosen


def read(path: Path) -> Tensor:
    """(1, 3, 224, W), normalised."""
    image = cv2.imread(str(path))
    if image is None:
        raise SystemExit(f"{path} is not a readable picture; run prepare_edgepose_lite.py again")
    width = round(image.shape[1] * HEIGHT / image.shape[0] / 8) * 8
    small = cv2.resize(image, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    spec = own_spec("start")
    return torch.from_numpy(small).permute(2, 0, 1)[None].float().sub(spec.mean[0]).mul(spec.scale[0])


def convs(module: nn.Module) -> list[Conv]:
    return [layer for layer in module.modules() if isinstance(layer, Conv)]


def with_elu(reduction: nn.Module) -> None:
    """Give the teacher back the ELUs of its reduction block, all but the last layer."""
    for layer in convs(reduction)[:-1]:
        layer[-1] = nn.ELU()


def runner(network: PoseNetwork, trunk: list[Tensor]) -> Callable[[], None]:
    """Everything behind the backbone's trunk, which both networks share, on all pictures."""
    assert isinstance(network.backbone, LightBackbone)
    reduction = network.backbone.reduction

    def run() -> None:
        for features in trunk:
            reduced = reduction(features)
            maps = network.initial(reduced)
            for refinement in network.refinements:
                maps = refinement(refinement.join(reduced, maps))  # type: ignore[operator]

    return run


def pair_up(student: PoseNetwork, teacher: PoseNetwork, run: Callable[[], None]) -> list[LayerPair]:
    """Copy what can be copied and say which layers answer for which, in the order of the network."""
    assert isinstance(teacher.backbone, LightBackbone) and isinstance(student.backbone, LightBackbone)
    pairs = []
    for own, other in zip(convs(student.backbone.reduction), convs(teacher.backbone.reduction), strict=True):
        shift = ELU_SHIFT if isinstance(other[-1], nn.ELU) else 0.0
        assert own.conv.bias is not None
        own.conv.bias += shift
        pairs.append(LayerPair(own, other, shift=shift))
    for own, other in zip(convs(student.initial.trunks), convs(teacher.initial.trunks), strict=True):
        copy(own, other)
        pairs.append(LayerPair(own, other))
    for head in ("paf_head", "heatmap_head"):
        pairs += narrow(convs(getattr(student.initial, head)), convs(getattr(teacher.initial, head)), run)
    for own_stage, other_stage in zip(student.refinements, teacher.refinements, strict=True):
        for own_block, other_block in zip(own_stage.trunks[0], other_stage.trunks[0], strict=True):  # type: ignore[index]
            squeeze, other_squeeze = own_block[0], other_block[0]
            copy(squeeze, other_squeeze)
            pairs.append(LayerPair(squeeze, other_squeeze))
            branch, other_branch = (
                one for block in (own_block, other_block) for one in block if isinstance(one, Residual)
            )
            pairs += narrow(convs(branch), convs(other_branch), run)
        for head in ("paf_head", "heatmap_head"):
            for own, other in zip(convs(getattr(own_stage, head)), convs(getattr(other_stage, head)), strict=True):
                copy(own, other)
                pairs.append(LayerPair(own, other))
    return pairs


def narrow(own: list[Conv], other: list[Conv], run: Callable[[], None]) -> list[LayerPair]:
    """Two convolutions in a row that keep the most important of the teacher's channels between them."""
    (first, second), (wide, after) = own, other
    n = first.conv.out_channels
    keep = importance(wide, after, run).argsort(descending=True)[:n].sort().values
    copy(first, wide, outputs=keep)
    copy(second, after, inputs=keep)
    return [LayerPair(first, wide, keep), LayerPair(second, after)]


def copy(own: Conv, other: Conv, outputs: Tensor | None = None, inputs: Tensor | None = None) -> None:
    """Weights and biases, of some channels where given."""
    weight, bias = other.conv.weight, other.conv.bias
    assert bias is not None and own.conv.bias is not None
    if outputs is not None:
        weight, bias = weight[outputs], bias[outputs]
    if inputs is not None:
        weight = weight[:, inputs]
    own.conv.weight.copy_(weight)
    own.conv.bias.copy_(bias)


if __name__ == "__main__":
    main()
