"""A network in training as a predictor, and its AP: the same preparation, decoder and COCO code as everywhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta

from edgepose.backends import BackendInfo
from edgepose.evaluation import Scores, evaluate
from edgepose.keypoint_set import KeypointSet, label_skeleton
from edgepose.look import Network, Sight
from edgepose.model import ModelSpec, OutputSpec
from edgepose.options import Options
from edgepose.training.network.pose_network import STRIDE, PoseNetwork
from edgepose.types import FloatArray, Image, Pose


class ValidationOptions(Options, frozen=True):
    """When and on what AP is measured."""

    annotations: Annotated[str, Meta(description="COCO keypoint JSON, not trained on; empty for no validation")] = ""
    images: Annotated[str, Meta(description="folder of its pictures")] = ""
    every: Annotated[int, Meta(ge=1, description="epochs between validations")] = 5
    height: Annotated[int, Meta(ge=64, description="network input height, aspect kept, pixels")] = 256


def own_spec(
    name: str,
    skeleton: str = "bodyposenet_18",
    input_hw: tuple[int, int] = (256, 456),
    keypoints: KeypointSet | None = None,
) -> ModelSpec:
    """The contract of every network trained here: NCHW, BGR, (x - 128) / 255, PAFs and heatmaps at stride 8.

    Pictures are scaled bilinearly: our networks hardly care which kernel it is, and every camera pipeline has this one.
    """
    return ModelSpec(
        name=name,
        skeleton=skeleton if keypoints is None else keypoints.name,
        keypoints=keypoints,
        mean=(128.0, 128.0, 128.0),
        scale=(1 / 255, 1 / 255, 1 / 255),
        resize="linear",
        input_hw=input_hw,
        heatmaps=OutputSpec(name="heatmaps", stride=STRIDE),
        pafs=OutputSpec(name="pafs", stride=STRIDE),
    )


def predictor(network: PoseNetwork, height: int) -> Callable[[Image], list[Pose]]:
    """Pictures to poses in their pixels with this network, on the device where it is, aspect kept at `height`."""
    return Sight(Network(_InTraining(network), height))


class _InTraining:
    """A network in training as a backend, so that it is judged through the chain that will run it."""

    def __init__(self, network: PoseNetwork) -> None:
        self.spec = own_spec("training", network.options.skeleton, keypoints=network.options.keypoints)
        self._network = network
        self._device = next(network.parameters()).device
        self.info = BackendInfo(name="torch", version=torch.__version__, device=str(self._device), precision="f32")

    @torch.no_grad()
    def infer(self, batch: FloatArray) -> list[FloatArray]:
        """Heatmaps and PAFs of a batch, float32 (N, C, h, w) each."""
        pafs, heatmaps = self._network(torch.from_numpy(np.ascontiguousarray(batch)).to(self._device))
        return [heatmaps.float().cpu().numpy(), pafs.float().cpu().numpy()]

    def close(self) -> None:
        """The network belongs to the training."""


def validate(network: PoseNetwork, options: ValidationOptions) -> Scores:
    """AP of the network on the validation set; leaves it in the mode it was in."""
    was_training = network.training
    network.eval()
    try:
        labels = label_skeleton(network.options.keypoint_skeleton)
        predict = predictor(network, options.height)
        return evaluate(predict, options.annotations, Path(options.images), skeleton=labels)
    finally:
        network.train(was_training)
