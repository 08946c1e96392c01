"""MoveNet's output formats reach the fall rule: y before x, shares of a padded square, one person or six."""

from __future__ import annotations

import runpy

import numpy as np
import pytest
from builders import standing
from example_kit import EXAMPLES

from edgepose.skeleton import BODYPOSENET_18, COCO_17

cv2, onnx = pytest.importorskip("cv2"), pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
EXAMPLE = runpy.run_path(str(EXAMPLES / "movenet_falls.py"))
WIDTH, HEIGHT, SIDE = 320, 240, 320
FALL_FRAME, N_FRAMES, FPS = 30, 90, 15


def movenet(person: np.ndarray) -> np.ndarray:
    """(17, 3) y, x, score as MoveNet says it of a picture that was padded to a square below."""
    points = person[list(BODYPOSENET_18.mapping_to(COCO_17))]
    return np.column_stack([(points[:, 1] + 0.5) / SIDE, (points[:, 0] + 0.5) / SIDE, points[:, 2]]).astype(np.float32)


def test_single_and_multi_pose_give_the_same_person_in_pixels():
    person = standing((150, 220), height=180)
    row = np.zeros(56, np.float32)
    row[:51], row[55] = movenet(person).reshape(-1), 0.9
    six = np.stack([row, *np.zeros((5, 56), np.float32)])[None]
    for output in (movenet(person)[None, None], six):
        (pose,) = EXAMPLE["people_of"](output, SIDE)
        assert np.allclose(pose.keypoints[:, :2], person[:, :2], atol=0.5, equal_nan=True)


def test_nobody_is_found_where_movenet_guesses():
    guess = movenet(standing((150, 220), height=180)) * (1, 1, 0.1)
    assert EXAMPLE["people_of"](guess[None, None], SIDE) == []
    assert EXAMPLE["people_of"](np.zeros((1, 6, 56), np.float32), SIDE) == []


def falling_video(path) -> None:
    """A video whose pictures are dark until the fall and bright after it."""
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH, HEIGHT))
    for number in range(N_FRAMES):
        video.write(np.full((HEIGHT, WIDTH, 3), 240 if number >= FALL_FRAME else 10, np.uint8))
    video.release()


def network_that_sees_a_fall(path, upright: np.ndarray, down: np.ndarray) -> None:
    """An ONNX of MoveNet's single-pose form, int32 (1, 192, 192, 3) in: `upright` in the dark, `down` in the light."""
    from onnx import TensorProto, helper, numpy_helper

    make = helper.make_node
    nodes = [
        make("Cast", ["input"], ["colours"], to=TensorProto.FLOAT),
        make("ReduceMax", ["colours"], ["brightest"], keepdims=0),
        make("Greater", ["brightest", "grey"], ["light"]),
        make("Where", ["light", "down", "upright"], ["output_0"]),
    ]
    values = {"grey": np.float32(100), "down": down[None, None], "upright": upright[None, None]}
    inputs = [helper.make_tensor_value_info("input", TensorProto.INT32, [1, 192, 192, 3])]
    outputs = [helper.make_tensor_value_info("output_0", TensorProto.FLOAT, [1, 1, 17, 3])]
    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]
    graph = helper.make_graph(nodes, "movenet", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))


def test_a_fall_that_movenet_sees_is_confirmed(tmp_path, capsys):
    from builders import lying

    upright, down = movenet(standing((150, 220), height=180)), movenet(lying((90, 225), height=180))
    network_that_sees_a_fall(tmp_path / "movenet.onnx", upright, down)
    falling_video(tmp_path / "people.avi")
    EXAMPLE["main"](str(tmp_path / "movenet.onnx"), str(tmp_path / "people.avi"))
    said = capsys.readouterr().out
    assert "fall suspected" in said and "fall confirmed" in said
