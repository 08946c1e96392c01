"""Networks that find people in another way are named as what they are, with what would run instead."""

from __future__ import annotations

import pytest

from edgepose.errors import ModelError
from edgepose.model.graph import Graph, Port
from edgepose.model.presets import recognise


def graph(picture, *outputs, dtype="float32"):
    ports = tuple(
        Port(*((f"output{k}", output) if isinstance(output, tuple) else output), "float32")
        for k, output in enumerate(outputs)
    )
    return Graph((Port("images", picture, dtype),), ports, 17, 8)


def named(name, shape):
    return [name, shape]


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (
            graph((1, 3, 256, 192), (1, 17, 64, 48)),
            "a top-down network .* of 17 keypoints, which wants the crop",
        ),
        (graph((None, 3, 384, 288), (None, 17, 96, 72)), "a top-down network .* of 17 keypoints"),
        (graph((1, 3, 256, 192), (1, 133, 64, 48)), "a top-down network .* of 133 keypoints"),
        (graph((1, 3, 256, 192), (1, 17, 384), (1, 17, 512)), r"a top-down network \(RTMPose or alike, SimCC\) of 17"),
        (graph((1, 3, 256, 256), (1, 17, 2)), "a top-down network that gives keypoints"),
        (graph((1, 3, 640, 640), (1, 56, 8400)), "a YOLO pose network, which gives boxes with 17 keypoints"),
        (graph((1, 3, 640, 640), (1, 300, 57)), "a YOLO pose network"),
        (graph((1, 3, None, None), (1, 56, None)), "a YOLO pose network"),
        (graph((1, 3, 640, 640), (1, 20, 5), (1, 20, 17, 3)), "a one-stage detector with keypoints"),
        (graph((1, 3, 640, 640), (1, 84, 8400)), r"an object detector \(YOLO or alike\)"),
        (graph((1, 192, 192, 3), (1, 1, 17, 3), dtype="int32"), "MoveNet, which finds one person"),
        (graph((1, 256, 256, 3), (1, 1, 17, 3)), "MoveNet, which finds one person"),
        (graph((1, None, None, 3), (1, 6, 56), dtype="int32"), "MoveNet MultiPose"),
        (graph((1, 3, 368, 656), (1, 78, 46, 82)), r"OpenPose's BODY_25 .*OpenPose's COCO model has those"),
        (graph((1, 3, None, None), (1, 78, None, None)), "OpenPose's BODY_25"),
        (graph((1, 3, 368, 368), (1, 52, 46, 46), (1, 26, 46, 46)), "OpenPose's BODY_25"),
        (graph((1, 3, 368, 368), (1, 44, 46, 46)), "OpenPose's MPI-15"),
        (graph((1, 3, 368, 368), (1, 22, 46, 46)), "OpenPose's hand network"),
        (graph((1, 257, 257, 3), (1, 17, 17, 17), (1, 17, 17, 34), (1, 17, 17, 32), (1, 17, 17, 32)), "PoseNet"),
        (graph((1, 3, 512, 512), (1, 34, 128, 128), (1, 17, 256, 256)), "an associative embedding network"),
        (graph((1, 3, 641, 641), (1, 17, 5, 81, 81), (1, 19, 9, 81, 81)), "OpenPifPaf"),
        (graph((1, 256, 256, 3), (1, 195), (1, 1), (1, 256, 256, 1), (1, 64, 64, 39), (1, 117)), "BlazePose"),
        (graph((1, 3, 224, 224), (1, 1000)), "a classifier"),
        (graph((1, 3, 640, 640), named("boxes", (1, 100, 4)), named("scores", (1, 100))), "an object detector"),
    ],
)
def test_it_is_named_and_what_would_run_instead(network, words):
    with pytest.raises(ModelError, match=rf"'pose' looks like {words}.* EdgePose groups heatmaps and PAFs") as caught:
        recognise(network, "pose")
    assert "edgepose-lite" in str(caught.value)


def test_what_is_known_is_not_taken_for_something_else():
    """OpenPose's 57 channels, at a size at which each of its axes could be somebody else's keypoints."""
    assert recognise(graph((1, 3, 136, 184), (1, 57, 17, 23)), "pose").preset == "openpose"


def test_what_nobody_knows_is_answered_with_its_shapes():
    with pytest.raises(ModelError, match=r"does not look like a known pose network: .*1 x 7 x 8 x 8"):
        recognise(graph((1, 3, 64, 64), (1, 7, 8, 8)), "pose")
