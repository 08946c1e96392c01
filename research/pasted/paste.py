"""A cut-out person put into a place: turned, shortened, lit as the place is, with a shadow, and things before them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edgepose.training.teacher.body import FLIP, Keypoints
from edgepose.types import Image
from research.pasted.cutout import CutOut

ANY_ANGLE = 0.35
"""Share of upright people who are turned by any angle: who is upright is whoever lies, seen from above."""
MIN_SEEN = 0.25
"""Who shows less than this share of their pixels is not put there."""


@dataclass(frozen=True, eq=False)
class Pasted:
    """alpha: float32 (H, W), what of each pixel is theirs; keypoints: float64 (17, 3), x, y, COCO's visibility."""

    alpha: NDArray[np.float32]
    keypoints: Keypoints
    pixels: float


def paste(place: Image, person: CutOut, rng: Generator, taken: NDArray[np.float32]) -> Pasted | None:
    """Draw the person into `place`, in place; None, and nothing drawn, where they would hide or leave the picture.

    taken: float32 (H, W), pixels of those who are there already.
    """
    h, w = place.shape[:2]
    matrix, flipped = _pose(person, rng, (h, w))
    alpha = _warp(person.alpha, matrix, (h, w))
    pixels = float(person.alpha.sum()) * abs(float(np.linalg.det(matrix[:, :2])))
    if alpha.sum() < 0.6 * pixels or (alpha * taken).sum() > 0.15 * alpha.sum():
        return None
    picture = _dressed(person, rng).astype(np.float32)
    drawn = _warp(picture, matrix, (h, w), cv2.BORDER_REPLICATE)
    soft = np.asarray(cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(0.4, 1.1))), np.float32)
    drawn = _lit(drawn, soft, place, rng)
    shade = _shadow(alpha, rng)
    blended = place * (1 - shade)[:, :, None] * (1 - soft)[:, :, None] + drawn * soft[:, :, None]
    place[:] = np.clip(blended, 0, 255).astype(np.uint8)
    keypoints = _moved(person.keypoints, matrix, flipped, (h, w))
    return Pasted(alpha, keypoints, pixels)


def cover(place: Image, before: Image, pasted: Pasted, rng: Generator) -> Pasted | None:
    """Put a piece of the place before the person; None where too little of them would be seen.

    before: the place as it was without anybody.
    """
    h, w = place.shape[:2]
    piece = _piece(pasted.alpha, rng)
    left = pasted.alpha * (1 - piece)
    if left.sum() < MIN_SEEN * pasted.pixels:
        return None
    shift = int(rng.integers(0, h)), int(rng.integers(0, w))
    texture = np.roll(before, shift, (0, 1)).astype(np.float32) * rng.uniform(0.6, 1.3, 3)
    place[:] = np.clip(place * (1 - piece)[:, :, None] + texture * piece[:, :, None], 0, 255).astype(np.uint8)
    keypoints = pasted.keypoints.copy()
    known = keypoints[:, 2] > 0
    x, y = keypoints[known, :2].round().astype(int).clip(0, (w - 1, h - 1)).T
    keypoints[known, 2] = np.where(piece[y, x] > 0.5, 1.0, keypoints[known, 2])
    return Pasted(left, keypoints, pasted.pixels)


def decoy(place: Image, rng: Generator) -> None:
    """Put a piece of the place elsewhere, with a soft edge and a shadow: not everything that was pasted is somebody."""
    h, w = place.shape[:2]
    radius = rng.uniform(0.05, 0.2) * h
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 12))))
    far = radius * rng.uniform(0.5, 1.8, len(angles))
    centre = rng.uniform((0, 0.2 * h), (w, h))
    outline = (centre + np.column_stack((np.cos(angles), np.sin(angles))) * far[:, None]).astype(np.int32)
    alpha = np.zeros((h, w), np.float32)
    cv2.fillPoly(alpha, [outline], 1.0, cv2.LINE_AA)
    soft = np.asarray(cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(0.4, 1.1))))[:, :, None]
    texture = np.roll(place, (int(rng.integers(0, h)), int(rng.integers(0, w))), (0, 1)) * rng.uniform(0.5, 1.4, 3)
    shade = (1 - _shadow(alpha, rng))[:, :, None]
    place[:] = np.clip(place * shade * (1 - soft) + texture * soft, 0, 255).astype(np.uint8)


def _pose(person: CutOut, rng: Generator, size_hw: tuple[int, int]) -> tuple[NDArray[np.float64], bool]:
    """From the cut-out to the picture, float64 (2, 3): size, angle, shortening, place; and whether it is mirrored."""
    h, w = size_hw
    length = h * float(np.exp(rng.uniform(np.log(0.22), np.log(0.95))))
    scale = min(length / person.length, 2.5)
    free = person.lies or rng.random() < ANY_ANGLE
    turn = rng.uniform(-np.pi, np.pi) if free else rng.normal(0, np.deg2rad(9))
    flipped = bool(rng.random() < 0.5)
    linear = _rotation(turn) @ np.diag((-1.0 if flipped else 1.0, 1.0)) * scale
    if rng.random() < (0.5 if free else 0.25):
        along = _rotation(rng.uniform(0, np.pi))
        linear = along @ np.diag((1.0, rng.uniform(0.5, 1.0))) @ along.T @ linear
    ph, pw = person.alpha.shape
    corners = np.array(((0, 0), (pw, 0), (0, ph), (pw, ph))) @ linear.T
    low, high = corners.min(0), corners.max(0)
    size = high - low
    x = rng.uniform(-0.25 * size[0], w - 0.75 * size[0])
    lowest = 1.12 * h
    bottom = rng.uniform(min(max(0.35 * h, 0.8 * size[1]), lowest), lowest)
    return np.column_stack((linear, np.array((x, bottom - size[1])) - low)), flipped


def _rotation(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array(((c, -s), (s, c)))


def _warp(
    values: NDArray[np.float32],
    matrix: NDArray[np.float64],
    size_hw: tuple[int, int],
    border: int = cv2.BORDER_CONSTANT,
) -> NDArray[np.float32]:
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if shrink < 0.6:
        small = max(0.05, shrink * 1.2)
        values = np.asarray(cv2.resize(values, None, fx=small, fy=small, interpolation=cv2.INTER_AREA))
        matrix = matrix.copy()
        matrix[:, :2] /= small
    warped = cv2.warpAffine(values, matrix, size_hw[::-1], flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(warped, np.float32)


def _moved(keypoints: Keypoints, matrix: NDArray[np.float64], flipped: bool, size_hw: tuple[int, int]) -> Keypoints:
    out = np.column_stack((keypoints[:, :2] @ matrix[:, :2].T + matrix[:, 2], keypoints[:, 2]))
    inside = ((out[:, :2] >= 0) & (out[:, :2] < size_hw[::-1])).all(1)
    out[~inside] = 0
    return out[FLIP] if flipped else out


def _dressed(person: CutOut, rng: Generator) -> Image:
    """Now and then other colours of what is not skin."""
    if rng.random() > 0.5:
        return person.picture
    hsv = cv2.cvtColor(person.picture, cv2.COLOR_BGR2HSV).astype(np.int16)
    skin = ((hsv[..., 0] < 24) | (hsv[..., 0] > 172)) & (hsv[..., 1] > 35) & (hsv[..., 1] < 180) & (hsv[..., 2] > 60)
    other = hsv.copy()
    other[..., 0] = (other[..., 0] + int(rng.integers(0, 180))) % 180
    other[..., 1] = np.clip(other[..., 1] * rng.uniform(0.2, 1.6), 0, 255)
    other[..., 2] = np.clip(other[..., 2] * rng.uniform(0.5, 1.3), 0, 255)
    hsv[~skin] = other[~skin]
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR), np.uint8)


def _lit(drawn: NDArray[np.float32], alpha: NDArray[np.float32], place: Image, rng: Generator) -> NDArray[np.float32]:
    """Brightness and colour part of the way to those of what lies behind."""
    weight = alpha / max(float(alpha.sum()), 1e-6)
    theirs = (drawn * weight[:, :, None]).sum((0, 1))
    behind = (place * weight[:, :, None]).sum((0, 1))
    target = theirs ** (1 - (part := rng.uniform(0.1, 0.5))) * np.maximum(behind, 8.0) ** part
    gain = np.clip(target / np.maximum(theirs, 4.0), 0.35, 1.8) * rng.uniform(0.85, 1.15)
    return np.clip(drawn * gain.astype(np.float32), 0, 255)


def _shadow(alpha: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """float32 (H, W): how much darker it is round the person."""
    shift = np.array(((1, 0, rng.normal(0, 6)), (0, 1, rng.uniform(0, 9))), float)
    moved = cv2.warpAffine(alpha, shift, alpha.shape[::-1])
    blurred = cv2.GaussianBlur(moved, (0, 0), float(rng.uniform(2, 11)))
    return np.asarray(blurred * float(rng.uniform(0.1, 0.6)), np.float32)


def _piece(alpha: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """float32 (H, W): a straight-edged or round thing over a side or the middle of somebody."""
    h, w = alpha.shape
    rows, columns = np.flatnonzero((alpha > 0.5).any(1)), np.flatnonzero((alpha > 0.5).any(0))
    low, high = np.array((columns[0], rows[0]), float), np.array((columns[-1], rows[-1]), float)
    out = np.zeros((h, w), np.float32)
    size = high - low
    if rng.random() < 0.6:  # from one side: a table, a bed, a door
        direction = rng.normal((0, 0.8), 1)
        direction /= np.hypot(*direction)
        y, x = np.mgrid[0:h, 0:w].astype(np.float32)
        reach = (x - low[0] - size[0] / 2) * direction[0] + (y - low[1] - size[1] / 2) * direction[1]
        inside = reach[alpha > 0.5]
        edge = np.quantile(inside, rng.uniform(0.45, 0.9))
        depth = rng.uniform(0.3, 1.2) * float(size.max())
        out[(reach > edge) & (reach < edge + depth)] = 1
    else:
        centre = tuple(int(v) for v in rng.uniform(low, high))
        axes = tuple(int(v) for v in rng.uniform(0.12, 0.32, 2) * size.max() + 2)
        cv2.ellipse(out, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 1.0))), np.float32)
