"""Networks that are no pose networks of ours, named as what they are: they find people in another way.

Recognised by shapes and names of inputs and outputs. The answer says what the network is and why it cannot run here;
`presets.recognise` adds what would.
"""

from __future__ import annotations

from collections.abc import Callable

from edgepose.model.graph import Graph, Port
from edgepose.model.outputs import LAYOUTS, channels_of, input_layouts, plane_of, stride_of

_TOP_DOWN_POINTS = {14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 26, 68, 98, 106, 133, 136}
"""Keypoints of the data sets that top-down networks are trained on: MPII, COCO, Halpe, whole bodies, hands, faces."""
_OPENPOSE = {
    78: "OpenPose's BODY_25 (25 keypoints: 26 heatmaps, 52 PAFs)",
    44: "OpenPose's MPI-15 (15 keypoints: 16 heatmaps, 28 PAFs)",
    22: "OpenPose's hand network (21 keypoints)",
    71: "OpenPose's face network (70 keypoints)",
}


def foreign_network(graph: Graph) -> str | None:
    """What this network is and why EdgePose cannot run it, as the rest of a sentence; None where it is not known."""
    return next((words for test in _TESTS if (words := test(graph))), None)


def _openpose(graph: Graph) -> str | None:
    counts = _maps(graph)
    if {26, 52} <= counts.keys():
        counts[78] = counts[26]
    if {16, 28} <= counts.keys():
        counts[44] = counts[16]
    for total, title in _OPENPOSE.items():
        if total in counts and (total > 22 or len(graph.outputs) == 1):
            return f"{title}, whose keypoints are not the 18 that EdgePose groups; OpenPose's COCO model has those"
    return None


def _movenet(graph: Graph) -> str | None:
    shapes = [port.shape[1:] for port in graph.outputs]
    if shapes == [(1, 17, 3)]:
        return "MoveNet, which finds one person and gives keypoints, no maps"
    if len(shapes) == 1 and shapes[0][-1:] == (56,) and shapes[0][0] in (6, None) and _takes_nhwc_or_ints(graph):
        return "MoveNet MultiPose, which gives keypoints of up to six people, no maps"
    return None


def _takes_nhwc_or_ints(graph: Graph) -> bool:
    return "NHWC" in input_layouts(graph.inputs[0]) or graph.inputs[0].dtype == "int32"


def _yolo_pose(graph: Graph) -> str | None:
    for port in graph.outputs:
        rows = [size for size in port.shape[1:] if size is not None]
        if len(port.shape) == 3 and rows and any(size in (56, 57) for size in rows):
            return "a YOLO pose network, which gives boxes with 17 keypoints each, no maps"
    names = {port.name for port in graph.outputs}
    points = any(len(port.shape) == 4 and port.shape[2:] in ((17, 2), (17, 3)) for port in graph.outputs)
    if points and len(names) > 1:
        return "a one-stage detector with keypoints (RTMO, YOLO-NAS or alike), which gives boxes and keypoints, no maps"
    return None


def _posenet(graph: Graph) -> str | None:
    if {17, 34, 32} <= _maps(graph).keys():
        return "PoseNet, which gives heatmaps and displacements in place of PAFs"
    return None


def _associative(graph: Graph) -> str | None:
    if 34 in _maps(graph):
        return "an associative embedding network (HigherHRNet or alike), which gives tags in place of PAFs"
    return None


def _simcc(graph: Graph) -> str | None:
    shapes = [port.shape for port in graph.outputs]
    if (
        len(shapes) == 2
        and all(len(shape) == 3 for shape in shapes)
        and shapes[0][1] == shapes[1][1] in _TOP_DOWN_POINTS
    ):
        return f"a top-down network (RTMPose or alike, SimCC) of {shapes[0][1]} keypoints, {_ONE_CROP}"
    return None


def _openpifpaf(graph: Graph) -> str | None:
    if any(len(port.shape) == 5 for port in graph.outputs):
        return "OpenPifPaf or alike, whose fields are composite (five axes), no heatmaps and PAFs"
    return None


def _blazepose(graph: Graph) -> str | None:
    if any(port.shape[1:] in ((195,), (117,)) for port in graph.outputs):
        return "BlazePose (MediaPipe), which follows one person and gives landmarks, no maps"
    return None


def _top_down(graph: Graph) -> str | None:
    maps = _maps(graph)
    points = _TOP_DOWN_POINTS & maps.keys()
    if points and {port.name for port in graph.outputs} == {maps[n].name for n in points}:
        return f"a top-down network (HRNet, ViTPose or alike) of {min(points)} keypoints, {_ONE_CROP}"
    shape = graph.outputs[0].shape
    if len(graph.outputs) == 1 and (shape[1:] in ((17, 2), (17, 3), (34,), (51,))):
        return f"a top-down network that gives keypoints, no maps, {_ONE_CROP}"
    return None


def _detector(graph: Graph) -> str | None:
    names = " ".join(port.name for port in graph.outputs).lower()
    shape = graph.outputs[0].shape
    if "box" in names or "dets" in names or "scores" in names:
        return "an object detector, which gives boxes, no keypoints"
    if len(graph.outputs) == 1 and len(shape) == 3 and {84, 85} & {*shape}:
        return "an object detector (YOLO or alike), which gives boxes, no keypoints"
    return None


def _classifier(graph: Graph) -> str | None:
    if len(graph.outputs) == 1 and len(graph.outputs[0].shape) == 2:
        return "a classifier or alike, which gives one row of numbers for a picture, no maps"
    return None


_ONE_CROP = "which wants the crop of one person found by a detector and gives no PAFs"

_TESTS: tuple[Callable[[Graph], str | None], ...] = (
    _movenet,
    _openpose,
    _yolo_pose,
    _posenet,
    _associative,
    _simcc,
    _openpifpaf,
    _blazepose,
    _top_down,
    _detector,
    _classifier,
)


def _maps(graph: Graph) -> dict[int, Port]:
    """Outputs that can be maps of the picture, by their channels."""
    found: dict[int, Port] = {}
    for layout in input_layouts(graph.inputs[0]) or LAYOUTS:
        pixels = plane_of(graph.inputs[0], layout) if len(graph.inputs[0].shape) == 4 else (None, None)
        for port in graph.outputs:
            if len(port.shape) != 4:
                continue
            for axes in sorted(LAYOUTS, key=lambda axes: axes != layout):
                channels = channels_of(port, axes)
                if channels is not None and stride_of(pixels, plane_of(port, axes))[0]:
                    found.setdefault(channels, port)
    return found
