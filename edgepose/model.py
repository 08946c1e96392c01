"""ModelSpec: everything about a model file that its graph does not say, kept as a sidecar JSON beside it.

Input layout, colour and normalisation, output order, strides and skeleton are read from here by preprocessing,
calibration, training and every backend, so that they cannot differ. `pose.onnx` has the sidecar `pose.json`.
"""

from __future__ import annotations

from typing import Literal

from edgepose.options import Options
from edgepose.skeleton import SKELETONS, Skeleton

Layout = Literal["NCHW", "NHWC"]


class OutputSpec(Options):
    """Where a tensor lies among a model's outputs.

    name: output name in the graph. layout: its axis order. channels: first and one-past-last channel used, None for
    all. stride: input pixels per cell.
    """

    name: str
    layout: Layout = "NCHW"
    channels: tuple[int, int] | None = None
    stride: float = 8.0


class ModelSpec(Options):
    """The contract of one model file.

    name: short name for messages and MQTT. skeleton: key of `SKELETONS`; poses come out in its keypoint order.
    input_name, input_layout, colour: the input tensor, float32.
    mean, scale: value = (x - mean) * scale per channel in the model's colour order, x in 0..255.
    pad_value: letterbox grey. input_hw: default size (H, W). multiple: H and W must be multiples of it.
    dynamic_size, dynamic_batch: whether the graph takes other sizes and batches than the declared one.
    heatmaps, pafs: the outputs; both may be slices of one tensor.
    """

    name: str
    skeleton: str = "bodyposenet_18"
    input_name: str = "input"
    input_layout: Layout = "NCHW"
    colour: Literal["BGR", "RGB"] = "BGR"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    pad_value: int = 128
    input_hw: tuple[int, int] = (256, 456)
    multiple: int = 8
    dynamic_size: bool = True
    dynamic_batch: bool = True
    heatmaps: OutputSpec = OutputSpec(name="heatmaps")
    pafs: OutputSpec = OutputSpec(name="pafs")

    @property
    def keypoint_skeleton(self) -> Skeleton:
        """The Skeleton that `skeleton` names."""
        return SKELETONS[self.skeleton]
