"""ModelSpec: the contract of one model file, from input colour to output strides.

Preprocessing, calibration, training and every backend read it from here, so that they cannot differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from edgepose.errors import ModelError
from edgepose.keypoint_set import KeypointSet, pose_skeleton, skeleton_of
from edgepose.options import Options
from edgepose.skeleton import SKELETONS, Skeleton

Layout = Literal["NCHW", "NHWC"]
Kernel = Literal["halving", "linear", "area", "cubic"]
"""How a picture is scaled for a network (`look/resize.py`)."""


class OutputSpec(Options, frozen=True):
    """Where a tensor lies among a model's outputs.

    name: output name in the graph. layout: its axis order. channels: first and one-past-last channel used, None for
    all. stride: input pixels per cell.
    """

    name: str
    layout: Layout = "NCHW"
    channels: tuple[int, int] | None = None
    stride: float = 8.0


class ModelSpec(Options, frozen=True):
    """The contract of one model file.

    name: short name for messages and MQTT. skeleton: key of `SKELETONS`, the network's own keypoint order; whatever it
        is, poses reach the user in the order of BODYPOSENET_18 (`Letterbox.poses_to_source`).
    keypoints: a set of one's own, which `skeleton` then names; its poses stay in its order.
    input_name, input_layout, colour: the input tensor, float32.
    mean, scale: value = (x - mean) * scale per channel in the model's colour order, x in 0..255.
    resize: the kernel that scales a picture to the input; small details look different after each, and a network knows
        those that it was trained with. Contracts written before there was a choice mean `halving`.
    pad_value: letterbox grey. input_hw: default size (H, W). multiple: H and W must be multiples of it.
    dynamic_size, dynamic_batch: whether the graph takes other sizes and batches than the declared one.
    batch: pictures that go in at once where `dynamic_batch` is false; backends fill up a shorter batch.
    heatmaps, pafs: the outputs; both may be slices of one tensor.

    >>> import edgepose
    >>> spec = edgepose.ModelSpec(name="mine", input_hw=(224, 320))
    >>> spec.input_hw, spec.keypoint_skeleton.name
    ((224, 320), 'bodyposenet_18')
    """

    name: str
    skeleton: str = "bodyposenet_18"
    keypoints: KeypointSet | None = None
    input_name: str = "input"
    input_layout: Layout = "NCHW"
    colour: Literal["BGR", "RGB"] = "BGR"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    resize: Kernel = "halving"
    pad_value: int = 128
    input_hw: tuple[int, int] = (256, 456)
    multiple: int = 8
    dynamic_size: bool = True
    dynamic_batch: bool = True
    batch: int = 1
    heatmaps: OutputSpec = OutputSpec(name="heatmaps")
    pafs: OutputSpec = OutputSpec(name="pafs")

    @property
    def keypoint_skeleton(self) -> Skeleton:
        """The network's keypoints."""
        return skeleton_of(self.skeleton, self.keypoints)

    @property
    def pose_skeleton(self) -> Skeleton:
        """The keypoints of the poses that reach the user."""
        return pose_skeleton(self.keypoint_skeleton)


def check_spec(spec: ModelSpec) -> None:
    """Raise ModelError, naming the key, when a value of the contract can not be meant on any graph."""
    trouble = next(_troubles(spec), None)
    if trouble is not None:
        raise ModelError(f"model contract {spec.name!r}: {trouble}")


def _troubles(spec: ModelSpec) -> Iterator[str]:
    if spec.keypoints is not None:
        if spec.skeleton != spec.keypoints.name:
            yield f"skeleton is {spec.skeleton!r} and keypoints are those of {spec.keypoints.name!r}; name the same set"
    elif spec.skeleton not in SKELETONS:
        yield f"skeleton is {spec.skeleton!r}; known are {', '.join(sorted(SKELETONS))}"
    elif not spec.keypoint_skeleton.limbs:
        yield f"skeleton {spec.skeleton!r} has no limbs, so people cannot be grouped with it"
    if not all(map(math.isfinite, (*spec.mean, *spec.scale))) or 0.0 in spec.scale:
        yield f"mean {spec.mean} and scale {spec.scale} must be finite and scale not 0"
    if not 0 <= spec.pad_value <= 255:
        yield f"pad_value is {spec.pad_value}; a grey value from 0 to 255 is wanted"
    if spec.batch < 1:
        yield f"batch is {spec.batch}; pictures that go in at once are wanted, such as 1"
    if spec.multiple < 1 or min(spec.input_hw) < 1 or any(side % spec.multiple for side in spec.input_hw):
        yield f"input_hw {spec.input_hw} must be positive multiples of multiple ({spec.multiple})"
    for key, output in (("heatmaps", spec.heatmaps), ("pafs", spec.pafs)):
        if not (math.isfinite(output.stride) and output.stride > 0):
            yield f"{key}.stride is {output.stride}; input pixels per cell are wanted, such as 8"
        if output.channels is not None and not 0 <= output.channels[0] < output.channels[1]:
            yield f"{key}.channels is {output.channels}; first and one-past-last channel are wanted, such as [0, 19]"
