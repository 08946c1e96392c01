"""The published networks whose exports are known by their graphs, so that they load without a sidecar.

A graph tells names, axis order and channel counts; it cannot tell colour and normalisation. A preset adds those from
the network's publication, and `recognise` lists every such assumption in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from edgepose.errors import ModelError
from edgepose.model.graph import Graph, Port
from edgepose.model.spec import Layout, ModelSpec, OutputSpec

_INV_256 = (1 / 256,) * 3


@dataclass(frozen=True)
class Preset:
    """One family of exports.

    title: what it is, for messages. template: colour, normalisation, default size and strides; names, layouts and
    sizes come from the graph. n_heatmaps, n_pafs: channels. joined: which of both comes first where they share one
    tensor, else None. belongs: whether a graph with fitting channels is of this family.
    """

    title: str
    template: ModelSpec
    belongs: Callable[[Graph], bool]
    n_heatmaps: int = 19
    n_pafs: int = 38
    joined: Literal["heatmaps", "pafs"] | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """A preset applied to a graph. assumed: one sentence for each fact that the graph could not tell."""

    preset: str
    spec: ModelSpec
    assumed: tuple[str, ...]


def _output_named(pattern: str) -> Callable[[Graph], bool]:
    return lambda graph: any(re.match(pattern, port.name) for port in graph.outputs)


def _always(graph: Graph) -> bool:
    return True


_OPENPOSE = ModelSpec(
    name="openpose", colour="BGR", mean=(128.0,) * 3, scale=_INV_256, input_hw=(368, 656)
)  # x/256 - 0.5 is (x - 128) / 256

PRESETS: dict[str, Preset] = {
    "bodyposenet": Preset(
        "BodyPoseNet (TAO export)",
        replace(_OPENPOSE, name="bodyposenet", colour="RGB", input_hw=(288, 384)),
        lambda graph: _layout(graph.inputs[0], 3) == "NHWC" or _output_named("heatmap_out")(graph),
    ),
    "trt_pose": Preset(
        "trt_pose (human_pose.json)",
        ModelSpec(
            name="trt_pose",
            skeleton="trt_pose_18",
            colour="RGB",
            mean=(123.675, 116.28, 103.53),  # ImageNet mean and deviation, times 255
            scale=(1 / 58.395, 1 / 57.12, 1 / 57.375),
            input_hw=(224, 224),
            multiple=32,
            heatmaps=OutputSpec(name="cmap", stride=4.0),
            pafs=OutputSpec(name="paf", stride=4.0),
        ),
        _always,
        n_heatmaps=18,
        n_pafs=42,
    ),
    "openpose": Preset("OpenPose COCO-18, heatmaps first", _OPENPOSE, _always, joined="heatmaps"),
    "openpose_pafs_first": Preset("OpenPose COCO-18, PAFs first", _OPENPOSE, _always, joined="pafs"),
    "lightweight_openpose": Preset(
        "Lightweight OpenPose (PyTorch export, last stage)",
        replace(_OPENPOSE, name="lightweight_openpose", input_hw=(256, 456), pad_value=0, resize="linear"),
        _output_named(r"stage_\d+_output_\d+_"),
    ),
    "human_pose_estimation_0001": Preset(
        "human-pose-estimation-0001 (Lightweight OpenPose with normalisation in the graph)",
        # Lightweight OpenPose trains with cv2.resize as it comes (datasets/transformations.py), which is bilinear. On
        # 54 photos and a street scene at height 256: AP .306 and 2.9 people a frame; halving .309 and 1.4, area .302
        # and 1.9, cubic (its demo) .295 and 3.2.
        ModelSpec(name="human_pose_estimation_0001", input_hw=(256, 456), resize="linear"),
        _always,
    ),
}
"""Presets by name, in the order in which they are tried."""


def recognise(graph: Graph, name: str, preset: str | None = None) -> Recognition:
    """The contract of a published network, read from its graph and completed from its preset.

    name: of the model, for messages. preset: use this one, whatever the graph looks like, as long as its channels are
    there. Raises ModelError when no preset fits; the message lists what the graph has.
    """
    if preset is not None and preset not in PRESETS:
        raise ModelError(f"no preset named {preset!r}; there are {', '.join(PRESETS)}")
    if graph.inputs[0].dtype != "float32":
        raise ModelError(f"model {name!r} takes {graph.inputs[0]}; export it with a float32 input")
    for key in PRESETS if preset is None else [preset]:
        recognition = _apply(key, graph, forced=preset is not None)
        if recognition is not None:
            return recognition
    found = f"inputs {'; '.join(map(str, graph.inputs))}; outputs {'; '.join(map(str, graph.outputs))}"
    wanted = "a known pose network" if preset is None else f"{PRESETS[preset].title}"
    raise ModelError(
        f"model {name!r} does not look like {wanted}: it has {found}. Write a sidecar JSON beside it that says what "
        "these are (docs/reference/model-sidecar.md)"
    )


def _apply(key: str, graph: Graph, *, forced: bool) -> Recognition | None:
    preset, picture = PRESETS[key], graph.inputs[0]
    input_layout = _layout(picture, 3)
    if len(graph.inputs) != 1 or input_layout is None:
        return None
    outputs = _outputs(preset, graph, input_layout)
    if outputs is None:
        return None
    if not forced and not preset.belongs(graph):
        return None
    template = preset.template
    assumed = [f"{preset.title}: {_input_words(template)}"]
    if preset.joined:
        other = "openpose" if preset.joined == "pafs" else "openpose_pafs_first"
        assumed.append(f"{preset.joined} come first in {outputs[0].name} (the other order is preset {other})")

    height, width = _height_width(picture, input_layout)
    fixed = height is not None and width is not None
    input_hw = (height, width) if height is not None and width is not None else template.input_hw
    spec = replace(
        template,
        input_name=picture.name,
        input_layout=input_layout,
        input_hw=input_hw,
        multiple=template.multiple if not any(side % template.multiple for side in input_hw) else 1,
        dynamic_size=not fixed,
        dynamic_batch=picture.shape[0] is None,
        heatmaps=outputs[0],
        pafs=outputs[1],
    )
    if not fixed:
        strides = f"heatmaps {spec.heatmaps.stride:g}, PAFs {spec.pafs.stride:g}"
        assumed.append(f"strides {strides} (the graph leaves sizes free; checked at the first picture)")
    return Recognition(key, spec, tuple(assumed))


def _outputs(preset: Preset, graph: Graph, input_layout: Layout) -> tuple[OutputSpec, OutputSpec] | None:
    """Heatmaps and PAFs among the graph's outputs: of several stages the last; None when their channels are missing."""
    n_heatmaps, n_pafs, template = preset.n_heatmaps, preset.n_pafs, preset.template
    if preset.joined:
        both = _output(graph, n_heatmaps + n_pafs, input_layout, template.heatmaps.stride)
        if both is None:
            return None
        if preset.joined == "heatmaps":
            cuts = (0, n_heatmaps), (n_heatmaps, n_heatmaps + n_pafs)
        else:
            cuts = (n_pafs, n_pafs + n_heatmaps), (0, n_pafs)
        return replace(both, channels=cuts[0]), replace(both, channels=cuts[1])
    heatmaps = _output(graph, n_heatmaps, input_layout, template.heatmaps.stride)
    pafs = _output(graph, n_pafs, input_layout, template.pafs.stride)
    return None if heatmaps is None or pafs is None else (heatmaps, pafs)


def _output(graph: Graph, channels: int, input_layout: Layout, default_stride: float) -> OutputSpec | None:
    for port in reversed(graph.outputs):
        layout = _layout(port, channels, input_layout)
        if layout is None:
            continue
        stride = default_stride
        if port.name.startswith("conv2d_transpose"):
            stride = 2.0  # TAO's deployable export appends a fixed 4x upsampling to the PAFs
        input_height, height = (_height_width(graph.inputs[0], input_layout)[0], _height_width(port, layout)[0])
        if input_height is not None and height is not None:
            stride = input_height / height
        return OutputSpec(name=port.name, layout=layout, stride=stride)
    return None


def _layout(port: Port, channels: int, if_both: Layout = "NCHW") -> Layout | None:
    """The axis order in which a 4-axis tensor has that many channels; None when it has not."""
    if len(port.shape) != 4:
        return None
    first, last = port.shape[1] == channels, port.shape[3] == channels
    if first and last:
        return if_both
    return "NCHW" if first else "NHWC" if last else None


def _height_width(port: Port, layout: Layout) -> tuple[int | None, int | None]:
    return (port.shape[2], port.shape[3]) if layout == "NCHW" else (port.shape[1], port.shape[2])


def _input_words(spec: ModelSpec) -> str:
    """Colour and normalisation in words."""
    if spec.mean == (0.0, 0.0, 0.0) and spec.scale == (1.0, 1.0, 1.0):
        return f"input is {spec.colour}, 0..255"
    if spec.scale == _INV_256:
        return f"input is {spec.colour}, (x - {spec.mean[0]:g}) / 256"
    mean, scale = (", ".join(f"{value:.5g}" for value in values) for values in (spec.mean, spec.scale))
    return f"input is {spec.colour}, (x - [{mean}]) * [{scale}]"
