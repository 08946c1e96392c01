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
from edgepose.model.foreign import foreign_network
from edgepose.model.graph import INPUT_TYPES, Graph
from edgepose.model.outputs import (
    Reading,
    channels_of,
    find_one,
    find_pair,
    input_layouts,
    plane_of,
    says_pafs_first,
)
from edgepose.model.spec import Layout, ModelSpec, OutputSpec

_INV_256 = (1 / 256,) * 3
_WOULD_RUN = (
    "EdgePose groups heatmaps and PAFs of people: give it BodyPoseNet, OpenPose COCO-18, Lightweight OpenPose, "
    "human-pose-estimation-0001 or trt_pose as ONNX, or a network of its own such as edgepose-lite"
)


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


def _names_pafs_first(graph: Graph) -> bool:
    return any(says_pafs_first(port.name) for port in graph.outputs)


def _always(graph: Graph) -> bool:
    return True


# x/256 - 0.5 is (x - 128) / 256. OpenPose trains with cubic warps (openpose_caffe_train, dataAugmentation.cpp).
_OPENPOSE = ModelSpec(
    name="openpose", colour="BGR", mean=(128.0,) * 3, scale=_INV_256, resize="cubic", input_hw=(368, 656)
)

PRESETS: dict[str, Preset] = {
    "bodyposenet": Preset(
        "BodyPoseNet (TAO export)",
        # TAO's own inference resizes with cv2.INTER_CUBIC (its "BpNet Inference utils"), as OpenPose does.
        replace(_OPENPOSE, name="bodyposenet", colour="RGB", input_hw=(288, 384)),
        lambda graph: input_layouts(graph.inputs[0]) == ["NHWC"] or _output_named("heatmap_out")(graph),
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
            # It trains on PIL's Image.transform as it comes, the nearest pixel (trt_pose/coco.py), and its demos take
            # cv2.resize or a camera's scaler as they come: bilinear is the nearest that is not nearest.
            resize="linear",
            multiple=32,
            heatmaps=OutputSpec(name="cmap", stride=4.0),
            pafs=OutputSpec(name="paf", stride=4.0),
        ),
        _always,
        n_heatmaps=18,
        n_pafs=42,
    ),
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
    "openpose_pafs_first": Preset("OpenPose COCO-18, PAFs first", _OPENPOSE, _names_pafs_first, joined="pafs"),
    "openpose": Preset("OpenPose COCO-18, heatmaps first", _OPENPOSE, _always, joined="heatmaps"),
}
"""Presets by name, in the order in which they are tried."""


def recognise(graph: Graph, name: str, preset: str | None = None) -> Recognition:
    """The contract of a published network, read from its graph and completed from its preset.

    name: of the model, for messages. preset: use this one, whatever the graph looks like, as long as its channels are
    there. Raises ModelError when no preset fits; the message lists what the graph has.
    """
    if preset is not None and preset not in PRESETS:
        raise ModelError(f"no preset named {preset!r}; there are {', '.join(PRESETS)}")
    foreign = foreign_network(graph) if preset is None else None
    fitting = (_apply(key, graph, forced=preset is not None) for key in (PRESETS if preset is None else [preset]))
    recognition = next((found for found in fitting if found is not None), None)
    if recognition is None and foreign is not None:
        raise ModelError(f"model {name!r} looks like {foreign}. {_WOULD_RUN}")
    if graph.inputs[0].dtype not in INPUT_TYPES:
        wanted = ", ".join(INPUT_TYPES)
        raise ModelError(f"model {name!r} takes {graph.inputs[0]}; export it with an input of {wanted}")
    if recognition is not None:
        return recognition
    found = f"inputs {'; '.join(map(str, graph.inputs))}; outputs {'; '.join(map(str, graph.outputs))}"
    wanted = "a known pose network" if preset is None else f"{PRESETS[preset].title}"
    raise ModelError(
        f"model {name!r} does not look like {wanted}: it has {found}. Write a sidecar JSON beside it that says what "
        "these are (docs/reference/model-sidecar.md), or name the network it is: edgepose model check --preset"
    )


def _apply(key: str, graph: Graph, *, forced: bool) -> Recognition | None:
    preset, picture = PRESETS[key], graph.inputs[0]
    if len(graph.inputs) != 1 or not (forced or preset.belongs(graph)):
        return None
    for layout in input_layouts(picture):
        readings = _readings(preset, graph, layout, forced)
        if readings is not None:
            return _recognition(key, graph, layout, *readings)
    return None


def _readings(preset: Preset, graph: Graph, layout: Layout, forced: bool) -> tuple[Reading, Reading] | None:
    if not preset.joined:
        return find_pair(graph, layout, preset.n_heatmaps, preset.n_pafs, by_name=forced)
    both = find_one(graph, layout, preset.n_heatmaps + preset.n_pafs)
    return None if both is None else (both, both)


def _recognition(key: str, graph: Graph, layout: Layout, heatmaps: Reading, pafs: Reading) -> Recognition:
    preset, picture = PRESETS[key], graph.inputs[0]
    template = preset.template
    if picture.dtype == "uint8":
        template = replace(template, mean=(0.0,) * 3, scale=(1.0,) * 3)  # the graph normalises bytes itself
    assumed = [f"{preset.title}: {_input_words(template)}"]
    if preset.joined:
        other = "openpose" if preset.joined == "pafs" else "openpose_pafs_first"
        assumed.append(f"{preset.joined} come first in {heatmaps.port.name} (the other order is preset {other})")
    if channels_of(picture, layout) is None:
        assumed.append(f"the input is {layout} (the graph leaves its axes free)")
    sides = plane_of(picture, layout)
    input_hw = (sides[0] or template.input_hw[0], sides[1] or template.input_hw[1])
    spec = replace(
        template,
        input_name=picture.name,
        input_layout=layout,
        input_hw=input_hw,
        multiple=template.multiple if not any(side % template.multiple for side in input_hw) else 1,
        dynamic_size=sides == (None, None),
        dynamic_batch=graph.batch is None,
        batch=graph.batch or 1,
        heatmaps=_output(heatmaps, template.heatmaps, preset, of_heatmaps=True),
        pafs=_output(pafs, template.pafs, preset, of_heatmaps=False),
    )
    if heatmaps.stride is None or pafs.stride is None:
        strides = f"heatmaps {spec.heatmaps.stride:g}, PAFs {spec.pafs.stride:g}"
        assumed.append(f"strides {strides} (the graph leaves sizes free; checked at the first picture)")
    for what, reading in (("heatmaps", heatmaps), ("PAFs", pafs)):
        if channels_of(reading.port, reading.layout) is None:
            assumed.append(
                f"{what} are {reading.port.name}, {reading.layout} (by its name; the graph leaves sizes free)"
            )
    return Recognition(key, spec, tuple(assumed))


def _output(reading: Reading, template: OutputSpec, preset: Preset, *, of_heatmaps: bool) -> OutputSpec:
    # TAO's deployable export appends a fixed 4x upsampling to the PAFs
    upsampled = reading.port.name.startswith("conv2d_transpose")
    output = reading.spec(2.0 if upsampled else template.stride)
    if preset.joined is None:
        return output
    n_first = preset.n_heatmaps if preset.joined == "heatmaps" else preset.n_pafs
    first = of_heatmaps == (preset.joined == "heatmaps")
    return replace(output, channels=(0, n_first) if first else (n_first, preset.n_heatmaps + preset.n_pafs))


def _input_words(spec: ModelSpec) -> str:
    """Colour, normalisation and kernel in words."""
    return f"{_value_words(spec)}, scaled {spec.resize}"


def _value_words(spec: ModelSpec) -> str:
    if spec.mean == (0.0, 0.0, 0.0) and spec.scale == (1.0, 1.0, 1.0):
        return f"input is {spec.colour}, 0..255"
    if spec.scale == _INV_256:
        return f"input is {spec.colour}, (x - {spec.mean[0]:g}) / 256"
    mean, scale = (", ".join(f"{value:.5g}" for value in values) for values in (spec.mean, spec.scale))
    return f"input is {spec.colour}, (x - [{mean}]) * [{scale}]"
