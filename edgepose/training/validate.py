"""A network in training as a predictor, and its AP: the same preparation, decoder and COCO code as everywhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta

from edgepose.decode import Grouper
from edgepose.evaluation import Scores, evaluate
from edgepose.look.preprocess import Preprocessor, input_size
from edgepose.model import ModelSpec, OutputSpec
from edgepose.options import Options
from edgepose.training.network import STRIDE, PoseNetwork
from edgepose.types import Fields, Image, Pose


class ValidationOptions(Options, frozen=True):
    """When and on what AP is measured."""

    annotations: Annotated[str, Meta(description="COCO keypoint JSON, not trained on; empty for no validation")] = ""
    images: Annotated[str, Meta(description="folder of its pictures")] = ""
    every: Annotated[int, Meta(ge=1, description="epochs between validations")] = 5
    height: Annotated[int, Meta(ge=64, description="network input height, aspect kept, pixels")] = 256


def own_spec(name: str, skeleton: str = "bodyposenet_18", input_hw: tuple[int, int] = (256, 456)) -> ModelSpec:
    """The contract of every network trained here: NCHW, BGR, (x - 128) / 255, PAFs and heatmaps at stride 8.

    Pictures are scaled bilinearly: our networks hardly care which kernel it is, and every camera pipeline has this one.
    """
    return ModelSpec(
        name=name,
        skeleton=skeleton,
        mean=(128.0, 128.0, 128.0),
        scale=(1 / 255, 1 / 255, 1 / 255),
        resize="linear",
        input_hw=input_hw,
        heatmaps=OutputSpec(name="heatmaps", stride=STRIDE),
        pafs=OutputSpec(name="pafs", stride=STRIDE),
    )


def predictor(network: PoseNetwork, height: int) -> Callable[[Image], list[Pose]]:
    """Pictures to poses in their pixels with this network, on the device where it is, aspect kept at `height`."""
    spec = own_spec("training", network.options.skeleton)
    grouper = Grouper(spec.keypoint_skeleton)
    device = next(network.parameters()).device

    @torch.no_grad()
    def predict(image: Image) -> list[Pose]:
        input_hw = input_size((image.shape[0], image.shape[1]), height, spec.multiple)
        tensor, letterbox = Preprocessor(spec, input_hw).prepare(image)
        pafs, heatmaps = network(torch.from_numpy(np.array(tensor))[None].to(device))
        fields = Fields(heatmaps[0].float().cpu().numpy(), pafs[0].float().cpu().numpy(), STRIDE, STRIDE)
        return letterbox.poses_to_source(grouper(fields))

    return predict


def validate(network: PoseNetwork, options: ValidationOptions) -> Scores:
    """AP of the network on the validation set; leaves it in the mode it was in."""
    was_training = network.training
    network.eval()
    try:
        return evaluate(predictor(network, options.height), options.annotations, Path(options.images))
    finally:
        network.train(was_training)
