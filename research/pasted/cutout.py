"""One person cut out of a picture: pixels, how much of each is theirs, and where their keypoints lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepose.errors import MissingDependencyError, ModelError
from edgepose.training.teacher.blazepose import round_hips
from edgepose.training.teacher.body import HIPS, SHOULDERS, Keypoints, lies
from edgepose.training.teacher.crop import cut
from edgepose.types import Image

SURE = 0.35
"""Keypoints of a smaller chance are not labelled."""
MIN_KEYPOINTS, MIN_PIXELS = 11, 90
"""Who shows less, or is smaller, is left where they are."""
WITHIN = 0.92
"""This share of the keypoints lies on the mask, which may be wide of it by NEAR of the person's length."""
NEAR = 0.03
EDGE = 0.02
"""Of the mask's outline at most this share lies on the picture's edge: who is cut off stays where they are."""


@dataclass(frozen=True, eq=False)
class CutOut:
    """picture: uint8 (h, w, 3) BGR; alpha: float32 (h, w), 0 to 1; keypoints: float64 (17, 3), x, y, 2 or 0."""

    picture: Image
    alpha: NDArray[np.float32]
    keypoints: Keypoints
    lies: bool

    @property
    def length(self) -> float:
        """Pixels between the two keypoints that are furthest from one another."""
        xy = self.keypoints[self.keypoints[:, 2] > 0, :2]
        return float(np.hypot(*(xy[:, None] - xy[None]).reshape(-1, 2).T).max())


class Masks:
    """BlazePose's mask of the person in a crop. MissingDependencyError, ModelError."""

    def __init__(self, path: Path) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise MissingDependencyError(f"masks need ai-edge-litert ({error}); pip install ai-edge-litert") from None
        try:
            self._network: Any = Interpreter(model_path=str(path), num_threads=1)
            self._network.allocate_tensors()
            self._input = self._network.get_input_details()[0]["index"]
            outputs = {one["name"]: one["index"] for one in self._network.get_output_details()}
            self._person, self._mask = outputs["Identity_1"], outputs["Identity_2"]
        except (ValueError, OSError, KeyError, RuntimeError) as error:
            raise ModelError(f"'{path}' is not pose_landmark_heavy.tflite of @mediapipe/pose ({error})") from None

    def alpha(self, picture: Image, keypoints: Keypoints) -> NDArray[np.float32]:
        """How much of each pixel is the person's, float32 (H, W) of the picture; all 0 where it sees nobody."""
        crop = round_hips(keypoints, SURE)
        self._network.set_tensor(self._input, cut(picture, crop)[None, :, :, ::-1].astype(np.float32) / 255)
        self._network.invoke()
        h, w = picture.shape[:2]
        if self._network.get_tensor(self._person).item() < 0.5:
            return np.zeros((h, w), np.float32)
        logits = self._network.get_tensor(self._mask).reshape(256, 256).clip(-30, 30)
        alpha = 1 / (1 + np.exp(-logits))
        return np.asarray(cv2.warpAffine(alpha.astype(np.float32), crop.matrix, (w, h)), np.float32)


def cut_out(picture: Image, fused: Keypoints, masks: Masks) -> CutOut | None:
    """The person with these keypoints and chances; None where too little is seen or the mask does not fit them."""
    sure = fused[:, 2] >= SURE
    if sure.sum() < MIN_KEYPOINTS or not (sure[SHOULDERS].all() and sure[HIPS].all()):
        return None
    extent = np.ptp(fused[sure, :2], axis=0)
    if extent.max() < MIN_PIXELS:
        return None
    alpha = _largest(masks.alpha(picture, fused))
    if not _fits(alpha, fused[sure, :2], float(extent.max())):
        return None
    rows, columns = np.flatnonzero((alpha > 0.02).any(1)), np.flatnonzero((alpha > 0.02).any(0))
    top, left = int(rows[0]), int(columns[0])
    part = slice(top, int(rows[-1]) + 1), slice(left, int(columns[-1]) + 1)
    keypoints = np.column_stack((fused[:, :2] - (left, top), np.where(sure, 2.0, 0.0)))
    return CutOut(picture[part].copy(), alpha[part].copy(), keypoints, lies(fused))


def _largest(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mask's largest connected part."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8))
    if count < 2:
        return np.zeros_like(alpha)
    part = labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    near = cv2.dilate(part.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.where(near, alpha, 0).astype(np.float32)


def _fits(alpha: NDArray[np.float32], xy: NDArray[np.float64], extent: float) -> bool:
    part = (alpha > 0.5).astype(np.uint8)
    if not part.any():
        return False
    wide = 2 * int(NEAR * extent) + 1
    near = cv2.dilate(part, np.ones((wide, wide), np.uint8))
    h, w = part.shape
    x, y = xy.round().astype(int).T
    inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
    if near[y[inside], x[inside]].sum() < WITHIN * len(xy):
        return False
    outline = part - cv2.erode(part, np.ones((3, 3), np.uint8), borderValue=0)
    edge = outline[[0, 1, -2, -1]].sum() + outline[:, [0, 1, -2, -1]].sum()
    return bool(edge <= EDGE * outline.sum() + 2)
