"""Augmentation of geometry: a random view of a picture, applied to pixels, people and dense maps alike.

A view is a 2 x 3 matrix from picture pixels to crop pixels (the centre of the top-left pixel is (0, 0) in both), with
a mirror flag, so that left and right change names where the picture is mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (its name everywhere)
from msgspec import Meta
from numpy.random import Generator
from numpy.typing import NDArray

from edgepose.look.resize import resized
from edgepose.model import Kernel
from edgepose.options import Options
from edgepose.skeleton import Skeleton
from edgepose.training.data.targets import cell_centres
from edgepose.training.teacher.dense import Maps, flip_channels, flip_signs, turn_vectors
from edgepose.types import FloatArray, Image


class ViewOptions(Options, frozen=True):
    """How a crop is cut out of a picture."""

    crop_px: Annotated[int, Meta(ge=32, multiple_of=8, description="side of the square the network sees, pixels")] = 256
    person_scale: Annotated[
        tuple[float, float], Meta(description="height of the person the crop is about, share of the crop")
    ] = (0.3, 0.9)
    shift_px: Annotated[float, Meta(ge=0, description="how far the person may lie from the crop's centre")] = 40.0
    any_angle: Annotated[float, Meta(ge=0, le=1, description="share of crops turned by any angle")] = 0.5
    tilt_deg: Annotated[float, Meta(ge=0, description="turn of the other crops, degrees either way")] = 15.0
    flip: Annotated[float, Meta(ge=0, le=1, description="share of crops mirrored")] = 0.5
    squeeze: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            description="crops are narrowed by up to this share along any direction, as people look who lie along the "
            "view; the vectors of a teacher's maps do not follow, so for people who are drawn",
        ),
    ] = 0.0


@dataclass(frozen=True)
class View:
    """matrix: float64 (2, 3), picture pixels to crop pixels. size_px: side of the crop. mirrored: left is right."""

    matrix: NDArray[np.float64]
    size_px: int
    mirrored: bool

    @property
    def scale(self) -> float:
        """Crop pixels per picture pixel."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    @property
    def turn(self) -> FloatArray:
        """float32 (2, 2): what happens to directions, without the scale."""
        return (self.matrix[:, :2] / self.scale).astype(np.float32)


def draw_view(rng: Generator, centre_xy: tuple[float, float], scale: float, options: ViewOptions) -> View:
    """A random view whose middle shows `centre_xy` of the picture at about `scale` crop pixels per picture pixel."""
    angle = rng.uniform(-180, 180) if rng.random() < options.any_angle else rng.uniform(-1, 1) * options.tilt_deg
    mirrored = bool(rng.random() < options.flip)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    linear = scale * np.array([[c, s], [-s, c]])
    if mirrored:
        linear = linear @ np.diag((-1.0, 1.0))
    if options.squeeze:
        linear = _squeezed(rng, options.squeeze) @ linear
    middle = (options.crop_px - 1) / 2 + rng.uniform(-1, 1, 2) * options.shift_px
    return View(np.column_stack((linear, middle - linear @ np.asarray(centre_xy))), options.crop_px, mirrored)


def _squeezed(rng: Generator, most: float) -> NDArray[np.float64]:
    """(2, 2): narrower by 0 to `most` along a random direction."""
    angle = rng.uniform(0, np.pi)
    along = np.array((np.cos(angle), np.sin(angle)))
    return np.eye(2) - rng.uniform(0, most) * np.outer(along, along)


def view_image(image: Image, view: View, fill: tuple[int, int, int], kernel: Kernel) -> Image:
    """uint8 (S, S, 3); outside the picture is `fill`. Sampled with the kernel that will scale pictures for the network.

    Bilinear and bicubic sample the picture as it is, in one step; the other two shrink it first.
    """
    matrix = view.matrix.copy()
    size = _shrunk_wh(image, view.scale, kernel)
    if size != image.shape[1::-1]:
        fx, fy = image.shape[1] / size[0], image.shape[0] / size[1]
        image = resized(image, size, "area")
        matrix[:, 2] += matrix[:, :2] @ ((np.array((fx, fy)) - 1) / 2)
        matrix[:, :2] *= (fx, fy)
    how = cv2.INTER_CUBIC if kernel == "cubic" else cv2.INTER_LINEAR
    return cv2.warpAffine(image, matrix, (view.size_px, view.size_px), flags=how, borderValue=fill)  # type: ignore[return-value]


def _shrunk_wh(image: Image, scale: float, kernel: Kernel) -> tuple[int, int]:
    """Width and height to which means bring a picture before it is sampled at this scale."""
    w, h = image.shape[1::-1]
    if kernel == "area" and scale < 1:
        return max(1, round(w * scale)), max(1, round(h * scale))
    while kernel == "halving" and scale <= 0.5 and w % 2 == 0 and h % 2 == 0:
        w, h, scale = w // 2, h // 2, 2 * scale
    return w, h


def view_keypoints(keypoints: FloatArray, view: View, skeleton: Skeleton) -> FloatArray:
    """People (P, K, 3) in crop pixels; those outside the crop stay, the targets simply do not show them."""
    moved: FloatArray = keypoints.copy()
    moved[..., :2] = keypoints[..., :2] @ view.matrix[:, :2].T.astype(np.float32) + view.matrix[:, 2].astype(np.float32)
    if view.mirrored:
        for a, b in skeleton.flip_pairs:
            moved[:, [a, b]] = moved[:, [b, a]]
    return moved


def view_maps(
    maps: Maps | FloatArray, image_hw: tuple[int, int], view: View, skeleton: Skeleton, stride: int = 8
) -> FloatArray:
    """Dense maps of the whole picture, (C, h, w), seen through the view: float32 (C, S / 8, S / 8).

    Bicubic, because a peak one cell wide loses a tenth of its height to bilinear sampling. Outside the picture nobody
    is there: background 1, the rest 0. Vectors turn with the view; mirrored maps change channels.
    """
    xs, ys = cell_centres((view.size_px, view.size_px), stride)
    crop = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    back = np.linalg.inv(view.matrix[:, :2])
    picture = (crop - view.matrix[:, 2]) @ back.T
    unit = 2 * (picture + 0.5) / (image_hw[1], image_hw[0]) - 1  # -1..1 over the picture's edges, as grid_sample wants
    grid = torch.from_numpy(unit.astype(np.float32).reshape(1, len(ys), len(xs), 2))
    values = torch.from_numpy(maps.astype(np.float32))
    background = skeleton.n_keypoints
    values[background] -= 1.0
    seen = F.grid_sample(values[None], grid, mode="bicubic", padding_mode="zeros", align_corners=False)[0].numpy()
    seen[background] += 1.0
    if view.mirrored:
        seen = seen[flip_channels(skeleton)] * flip_signs(skeleton)[:, None, None]
    return turn_vectors(seen, view.turn, skeleton)


def view_mask(mask: NDArray[np.bool_], view: View, stride: int = 8) -> FloatArray:
    """float32 (S / 8, S / 8): 1 where the picture's mask (True = ignore) leaves the cell to be learned."""
    size_wh = (view.size_px, view.size_px)
    ignored = cv2.warpAffine(mask.astype(np.uint8) * 255, view.matrix, size_wh, flags=cv2.INTER_LINEAR)
    n = view.size_px // stride
    small = cv2.resize(ignored, (n, n), interpolation=cv2.INTER_AREA)
    return (small < 128).astype(np.float32)
