"""Words beside people: the number of a track, and what is known of it. A fall is framed in red."""

from __future__ import annotations

import cv2
import numpy as np

from edgepose.overlay.skeletons import EDGE, Colour, stroke_px
from edgepose.types import Image, Pose
from edgepose.types.labels import ALERT_STAGES, FALL_WORDS

ALERT: Colour = (40, 40, 230)
WHITE: Colour = (255, 255, 255)

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels."""

_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_label(canvas: Image, pose: Pose, number: int, stage: str, taken: list[Box]) -> None:
    """The track's number and what is known of it above the head, and a red frame around somebody who fell.

    taken: boxes of the labels that are there already; this one is put where it covers none, and added.
    """
    x0, y0, x1, y1 = pose.box_xyxy
    if not np.isfinite(x0):
        return
    alert = stage in ALERT_STAGES
    width = stroke_px(pose)
    if alert:
        corners = [(round(x0 - 3 * width), round(y0 - 3 * width)), (round(x1 + 3 * width), round(y1 + 3 * width))]
        cv2.rectangle(canvas, corners[0], corners[1], ALERT, max(2, round(0.5 * width)), cv2.LINE_AA)
    text = f"{number} {FALL_WORDS.get(stage, stage).replace('_', ' ')}".strip()
    scale = float(np.clip(0.07 * width + 0.25, 0.4, 0.9))
    (text_w, text_h), _ = cv2.getTextSize(text, _FONT, scale, 1)
    pad = round(0.4 * text_h)
    wide, high = text_w + 2 * pad, text_h + 2 * pad
    left = int(np.clip(0.5 * (x0 + x1) - 0.5 * wide, 0, max(0, canvas.shape[1] - wide)))
    wish = int(np.clip(y0 - 4 * width - high, 0, max(0, canvas.shape[0] - high)))
    box = _free((left, wish, left + wide, wish + high), taken, canvas.shape[0])
    taken.append(box)
    cv2.rectangle(canvas, box[:2], box[2:], ALERT if alert else EDGE, -1)
    cv2.putText(canvas, text, (box[0] + pad, box[1] + pad + text_h), _FONT, scale, WHITE, 1, cv2.LINE_AA)


def _free(wish: Box, taken: list[Box], height: int) -> Box:
    """The nearest place above or below the wished one where no label lies; the wished one where there is none."""
    left, top, right, bottom = wish
    high = bottom - top
    beside = [box for box in taken if box[0] < right and left < box[2]]
    tops = {top, *(box[1] - high - 1 for box in beside), *(box[3] + 1 for box in beside)}
    for place in sorted(tops, key=lambda place: abs(place - top)):
        inside = 0 <= place <= max(0, height - high)
        if inside and not any(place < box[3] and box[1] < place + high for box in beside):
            return left, place, right, place + high
    return wish
