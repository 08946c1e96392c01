"""Small ONNX files of every export that EdgePose knows, whose outputs are known people. Needs the package onnx.

Each graph answers with the fields it was made with, but only to a picture of the colour `COLOUR_BGR` prepared exactly
as its contract says: a wrong colour order, mean or scale makes every map zero, so nobody is found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from builders import standing, to_skeleton
from numpy.typing import NDArray

from edgepose.decode.render import render_fields
from edgepose.skeleton import BODYPOSENET_18, TRT_POSE_18, Skeleton

COLOUR_BGR = (250, 200, 150)  # brighter than the grey around a picture, and no two alike
OPSET, IR_VERSION = 10, 5  # of TAO's BodyPoseNet export


@dataclass(frozen=True)
class Export:
    """One kind of export. outputs: (name, "heatmaps" | "pafs" | "both" | "both, PAFs first") in the graph's order."""

    layout: str
    colour: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    outputs: tuple[tuple[str, str], ...]
    preset: str
    input_name: str = "input"
    skeleton: Skeleton = field(default=BODYPOSENET_18)
    heatmap_stride: int = 8
    paf_stride: int = 8
    background: bool = True


_OFFSET = ((128.0,) * 3, (1 / 256,) * 3)
_TAO = ("NHWC", "RGB", *_OFFSET)
_IMAGENET = ((123.675, 116.28, 103.53), (1 / 58.395, 1 / 57.12, 1 / 57.375))
_HEAT, _PAF, _PAF_UP = (
    ("heatmap_out/BiasAdd:0", "heatmaps"),
    ("paf_out/BiasAdd:0", "pafs"),
    "conv2d_transpose_1/BiasAdd:0",
)

EXPORTS = {
    "bodyposenet plain": Export(*_TAO, (_PAF, _HEAT), "bodyposenet", "input_1:0"),
    "bodyposenet plain, heatmaps first": Export(*_TAO, (_HEAT, _PAF), "bodyposenet", "input_1:0"),
    "bodyposenet deployable": Export(
        *_TAO, ((_PAF_UP, "pafs"), _HEAT), "bodyposenet", "input_1:0", paf_stride=2
    ),
    "bodyposenet deployable, heatmaps first": Export(
        *_TAO, (_HEAT, (_PAF_UP, "pafs")), "bodyposenet", "input_1:0", paf_stride=2
    ),
    "human-pose-estimation-0001": Export(
        "NCHW", "BGR", (0.0,) * 3, (1.0,) * 3, (("pafs", "pafs"), ("heatmaps", "heatmaps")),
        "human_pose_estimation_0001", "data",
    ),
    "lightweight openpose": Export(
        "NCHW", "BGR", *_OFFSET,
        (("stage_0_output_1_heatmaps", "no heatmaps"), ("stage_0_output_0_pafs", "no pafs"),
         ("stage_1_output_1_heatmaps", "heatmaps"), ("stage_1_output_0_pafs", "pafs")),
        "lightweight_openpose", "data",
    ),
    "openpose": Export("NCHW", "BGR", *_OFFSET, (("net_output", "both"),), "openpose", "image"),
    "openpose, PAFs first": Export(
        "NCHW", "BGR", *_OFFSET, (("net_output", "both, PAFs first"),), "openpose_pafs_first", "image"
    ),
    "trt_pose": Export(
        "NCHW", "RGB", *_IMAGENET, (("cmap", "heatmaps"), ("paf", "pafs")), "trt_pose",
        skeleton=TRT_POSE_18, heatmap_stride=4, paf_stride=4, background=False,
    ),
}  # fmt: skip


def write_export(
    path: Path, export: Export, input_hw: tuple[int, int], people: list[NDArray[np.float32]], *, fixed: bool = False
) -> Path:
    """Write one ONNX file that shows `people` (BODYPOSENET_18 order, input pixels) in an input of `input_hw`."""
    import onnx
    from onnx import helper, numpy_helper

    drawn = render_fields(
        [to_skeleton(person, export.skeleton) for person in people],
        input_hw,
        skeleton=export.skeleton,
        heatmap_stride=export.heatmap_stride,
        paf_stride=export.paf_stride,
    )
    heatmaps = drawn.heatmaps if export.background else drawn.heatmaps[:-1]
    tensors = {"heatmaps": heatmaps, "pafs": drawn.pafs, "no heatmaps": 0 * heatmaps, "no pafs": 0 * drawn.pafs}
    if export.heatmap_stride == export.paf_stride:
        tensors["both"] = np.concatenate([heatmaps, drawn.pafs])
        tensors["both, PAFs first"] = np.concatenate([drawn.pafs, heatmaps])

    nhwc = export.layout == "NHWC"
    colour = np.array(COLOUR_BGR if export.colour == "BGR" else COLOUR_BGR[::-1], np.float64)
    expected = (
        ((colour - export.mean) * export.scale).astype(np.float32).reshape((1, 1, 1, 3) if nhwc else (1, 3, 1, 1))
    )
    constants = {"expected": expected, "one": np.float32(1), "strict": np.float32(50 / np.abs(expected).max())}
    nodes = [
        helper.make_node("ReduceMax", [export.input_name], ["brightest"], axes=[1, 2] if nhwc else [2, 3], keepdims=1),
        helper.make_node("Sub", ["brightest", "expected"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["distance"]),
        helper.make_node("ReduceSum", ["distance"], ["error"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["error", "strict"], ["doubt"]),
        helper.make_node("Sub", ["one", "doubt"], ["trust"]),
        helper.make_node("Relu", ["trust"], ["gain"]),
    ]
    ports = []
    for name, kind in export.outputs:
        tensor = tensors[kind].transpose(1, 2, 0)[None] if nhwc else tensors[kind][None]
        constants[f"{name} fields"] = np.ascontiguousarray(tensor)
        nodes.append(helper.make_node("Mul", [f"{name} fields", "gain"], [name]))
        ports.append(_port(name, tensor.shape, fixed=fixed, nhwc=nhwc))
    shape = (1, *input_hw, 3) if nhwc else (1, 3, *input_hw)
    graph = helper.make_graph(
        nodes,
        "known people",
        [_port(export.input_name, shape, fixed=fixed, nhwc=nhwc)],
        ports,
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.save(model, str(path))
    return path


def _port(name: str, shape: tuple[int, ...], *, fixed: bool, nhwc: bool):
    from onnx import TensorProto, helper

    plane = (1, 2) if nhwc else (2, 3)
    free = {0: "N", plane[0]: f"{name}_h", plane[1]: f"{name}_w"}
    return helper.make_tensor_value_info(
        name, TensorProto.FLOAT, [size if fixed else free.get(axis, size) for axis, size in enumerate(shape)]
    )


def one_person() -> NDArray[np.float32]:
    """A person for an input of 256 x 320, every keypoint seen."""
    return standing(feet=(140.0, 236.0), height=210)


def picture(hw: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture of the colour that the networks above want."""
    return np.full((*hw, 3), COLOUR_BGR, np.uint8)
