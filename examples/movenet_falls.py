"""Falls with MoveNet in place of EdgePose's own network: its ONNX output through edgepose.convert, events out.

    .venv/bin/python examples/movenet_falls.py movenet.onnx people.mp4

Takes both exports of MoveNet: single pose, (1, 1, 17, 3) of y, x and score, and multi-pose, (1, 6, 56) of 17 times y, x
and score, a box and a score. Coordinates are shares of the square picture that went in. Needs the package onnxruntime.
"""

from __future__ import annotations

import sys
from typing import Any

import cv2
import numpy as np
import onnxruntime

import edgepose

MIN_SCORE = 0.2
"""Of a person in multi-pose and of a keypoint: below it MoveNet guesses."""


class MoveNet:
    """A picture in, people out."""

    def __init__(self, path: str) -> None:
        self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (self._input,) = self._session.get_inputs()
        sides = [side for side in self._input.shape[1:3] if isinstance(side, int) and side > 0]
        self._side = sides[0] if sides else 256  # multi-pose takes any multiple of 32
        self._dtype = np.float32 if "float" in self._input.type else np.int32

    def __call__(self, image_bgr: np.ndarray[Any, Any]) -> list[edgepose.Pose]:
        """People of a picture uint8 (H, W, 3), in its pixels."""
        height, width = image_bgr.shape[:2]
        side = max(height, width)  # padded to a square at the right or the bottom, so that shares stay shares of it
        square = cv2.copyMakeBorder(image_bgr, 0, side - height, 0, side - width, cv2.BORDER_CONSTANT)
        small = cv2.resize(square, (self._side, self._side), interpolation=cv2.INTER_AREA)
        batch = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)[None].astype(self._dtype)
        (output,) = self._session.run(None, {self._input.name: batch})
        return people_of(output, side)


def people_of(output: np.ndarray[Any, Any], side: int) -> list[edgepose.Pose]:
    """What MoveNet says as poses in pixels. side: of the square picture, in pixels."""
    if output.shape[-1] == 56:
        people = [row[:51].reshape(17, 3) for row in output[0] if row[55] >= MIN_SCORE]
    else:
        people = list(output[0])
    people = [np.where(person[:, 2:] >= MIN_SCORE, person, 0) for person in people]
    seen = [person for person in people if person[:, 2].any()]
    return [edgepose.convert(person, "coco17", order="yx", size_wh=(side, side)) for person in seen]


def main(model: str, path: str) -> None:
    network, video = MoveNet(model), cv2.VideoCapture(path)
    if not video.isOpened():
        sys.exit(f"{path} is no video that OpenCV can read")
    fps, number = video.get(cv2.CAP_PROP_FPS) or 25.0, 0
    with edgepose.Analyser(rules=["fall"], network=False) as analyser:
        while (read := video.read())[0]:
            image = read[1]
            result = analyser.update(t=number / fps, poses=network(image), size_wh=image.shape[1::-1])
            for event in result.events:
                print(f"{event.t:7.2f} s  {event.kind} {event.stage}, person {event.track_id}")
            number += 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("give a model and a video: movenet_falls.py movenet.onnx people.mp4")
    main(*sys.argv[1:])
