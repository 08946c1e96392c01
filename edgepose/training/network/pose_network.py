"""The whole figure: backbone, initial stage, 0..N refinement stages. Options in, a module and its numbers out."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from msgspec import Meta
from torch import Tensor, nn

from edgepose.keypoint_set import KeypointSet, skeleton_of
from edgepose.options import Options
from edgepose.skeleton import Skeleton
from edgepose.training.network.backbone_light import WIDTHS, LightBackbone
from edgepose.training.network.backbone_vgg import VggBackbone
from edgepose.training.network.stages import (
    BLOCKS,
    InitialStage,
    LightRefinementStage,
    Maps,
    RefinementStage,
)

AnyRefinement = RefinementStage | LightRefinementStage

STRIDE = 8
"""Input pixels per cell of every network here."""


class NetworkOptions(Options, frozen=True):
    """Which network is built; a checkpoint carries these, so that it can be loaded without its configuration."""

    skeleton: Annotated[str, Meta(description="keypoint set; names the channels of the maps")] = "bodyposenet_18"
    keypoints: Annotated[
        KeypointSet | None,
        Meta(description="a keypoint set of your own in place of skeleton: a TOML file with these keys, or the table"),
    ] = None
    backbone: Annotated[Literal["vgg", "light"], Meta(description="vgg is BodyPoseNet's, light is MobileNet-like")] = (
        "vgg"
    )
    refinement: Annotated[Literal["bodyposenet", "light"], Meta(description="kind of the refinement stages")] = (
        "bodyposenet"
    )
    n_refinements: Annotated[int, Meta(ge=0, le=8, description="number of refinement stages")] = 2
    full: Annotated[bool, Meta(description="a trunk for each head (full) instead of a shared one (lite)")] = False
    initial_kernel: Annotated[int, Meta(ge=1, description="kernel of the initial stage's trunk, cells")] = 3
    refinement_kernel: Annotated[int, Meta(ge=1, description="kernel of bodyposenet refinement stages, cells")] = 7
    refinement_inner: Annotated[
        int | tuple[int, int, int, int, int], Meta(description="inner channels of light refinement blocks, all or each")
    ] = 128
    residual: Annotated[
        bool, Meta(description="a refinement stage adds to the maps before it, instead of drawing them anew")
    ] = False
    initial_inner: Annotated[int, Meta(ge=8, description="inner channels of the initial stage's trunk")] = 128
    initial_head: Annotated[int, Meta(ge=8, description="channels inside the heads of the initial stage")] = 512
    width: Annotated[float, Meta(gt=0, description="multiplies the channels of the light backbone")] = 1.0
    widths: Annotated[
        tuple[Annotated[int, Meta(ge=8)], ...],
        Meta(min_length=len(WIDTHS), max_length=len(WIDTHS), description="channels of the light backbone's blocks"),
    ] = WIDTHS
    norm: Annotated[bool, Meta(description="batch norm in light parts; false takes networks with folded norms")] = True

    @property
    def keypoint_skeleton(self) -> Skeleton:
        """The keypoints that the network learns."""
        return skeleton_of(self.skeleton, self.keypoints)


class PoseNetwork(nn.Module):
    """(N, 3, H, W), already normalised, to one pair of maps per stage; the last pair is the answer.

    H and W are multiples of 8. In `eval` mode it gives only the last pair, which is what is exported.
    """

    def __init__(self, options: NetworkOptions = NetworkOptions()) -> None:  # noqa: B008 (frozen)
        super().__init__()
        self.options = options
        skeleton = options.keypoint_skeleton
        n_pafs, n_heatmaps = skeleton.n_pafs, skeleton.n_keypoints + 1
        self.backbone: nn.Module = (
            VggBackbone()
            if options.backbone == "vgg"
            else LightBackbone(width=options.width, widths=options.widths, norm=options.norm)
        )
        self.initial = InitialStage(
            n_pafs,
            n_heatmaps,
            full=options.full,
            kernel=options.initial_kernel,
            head_width=options.initial_head,
            inner=options.initial_inner,
        )
        self.refinements = nn.ModuleList(_refinement(options, n_pafs, n_heatmaps) for _ in range(options.n_refinements))

    def forward(self, x: Tensor) -> list[Maps] | Maps:
        features = self.backbone(x)
        stages: list[Maps] = [self.initial(features)]
        for refinement in self.refinements:
            maps = refinement(refinement.join(features, stages[-1]))  # type: ignore[operator]
            if self.options.residual:
                maps = stages[-1][0] + maps[0], stages[-1][1] + maps[1]
            stages.append(maps)
        return stages if self.training else stages[-1]


def _refinement(options: NetworkOptions, n_pafs: int, n_heatmaps: int) -> AnyRefinement:
    if options.refinement == "light":
        inner = options.refinement_inner
        each = (inner,) * len(BLOCKS) if isinstance(inner, int) else inner
        return LightRefinementStage(n_pafs, n_heatmaps, full=options.full, norm=options.norm, inner=each)
    return RefinementStage(n_pafs, n_heatmaps, full=options.full, kernel=options.refinement_kernel)


def count_parameters(network: nn.Module) -> int:
    """Number of weights and biases."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_flop(network: nn.Module, input_hw: tuple[int, int]) -> int:
    """Floating-point operations of one picture's convolutions, a multiply-add counted as two."""
    return sum(flop_by_layer(network, input_hw).values())


def flop_by_layer(network: nn.Module, input_hw: tuple[int, int]) -> dict[nn.Conv2d, int]:
    """`count_flop` of each convolution."""
    flop: dict[nn.Conv2d, int] = {}

    def add(layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(layer, nn.Conv2d)
        flop[layer] = flop.get(layer, 0) + 2 * layer.weight[0].numel() * output[0].numel()

    hooks = [m.register_forward_hook(add) for m in network.modules() if isinstance(m, nn.Conv2d)]
    device = next(network.parameters()).device
    was_training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, 3, *input_hw, device=device))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return flop
