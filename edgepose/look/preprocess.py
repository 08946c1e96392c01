"""From a picture to the network's input and back: letterbox, normalise, and the only place where coordinates change.

`Preprocessor.prepare` fits a picture of any size into the input, `split_fields` cuts the raw outputs into one Fields
per picture, and the `Letterbox` that came with the input carries grouped poses back to pixels of the source.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import ShapeError
from edgepose.look.normalise import Normaliser
from edgepose.look.resize import Resizer
from edgepose.model import ModelSpec, OutputSpec
from edgepose.skeleton import BODYPOSENET_18
from edgepose.types import Fields, FloatArray, Image, Pose

MAX_ASPECT = 4.0
"""Widest network input, in heights; two full-HD cameras side by side have 3.6."""


def input_size(image_hw: tuple[int, int], height: int, multiple: int = 8) -> tuple[int, int]:
    """The input (H, W) nearest to `height` that holds a picture (h, w) with its aspect and as little padding as can be.

    H is `height` to the nearest multiple; W is rounded up, so that the picture fills the height. A picture wider than
    MAX_ASPECT gets grey above and below instead of an input that no memory holds.
    """
    h, w = image_hw
    if min(h, w, height, multiple) < 1:
        raise ShapeError(f"sizes are at least 1, got a picture of {h}x{w}, height {height} and multiple {multiple}")
    H = max(1, round(height / multiple)) * multiple
    aspect = min(w / h, MAX_ASPECT)
    return H, max(1, math.ceil(H * aspect / multiple - 1e-9)) * multiple


@dataclass(frozen=True)
class Letterbox:
    """How one picture lies in the network's input: aspect kept, centred, grey around it.

    image_hw: picture (h, w). input_hw: network input (H, W). keypoint_order: for each keypoint that the user sees the
    index among the network's (-1 where it has none), None when both agree.

    Scaling follows cv2.resize: input x = (source x + 0.5) * scale - 0.5 + offset, pixel (0, 0) being the centre of the
    top-left pixel; the scale of each axis is exact for the whole number of pixels that the picture takes.
    """

    image_hw: tuple[int, int]
    input_hw: tuple[int, int]
    keypoint_order: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if min(*self.image_hw, *self.input_hw) < 1:
            raise ShapeError(f"cannot fit a picture of {self.image_hw} (h, w) into an input of {self.input_hw}")

    @cached_property
    def content_hw(self) -> tuple[int, int]:
        """Rows and columns of the input that the picture takes."""
        (h, w), (H, W) = self.image_hw, self.input_hw
        scale = min(H / h, W / w)
        return max(1, min(H, round(h * scale))), max(1, min(W, round(w * scale)))

    @cached_property
    def offset_xy(self) -> tuple[int, int]:
        """Grey columns left of the picture and rows above it."""
        return (self.input_hw[1] - self.content_hw[1]) // 2, (self.input_hw[0] - self.content_hw[0]) // 2

    @cached_property
    def scale_xy(self) -> tuple[float, float]:
        """Input pixels per source pixel."""
        return self.content_hw[1] / self.image_hw[1], self.content_hw[0] / self.image_hw[0]

    def to_input(self, xy: NDArray[Any]) -> NDArray[Any]:
        """Points (..., 2) from source pixels to input pixels."""
        scale, offset = np.asarray(self.scale_xy), np.asarray(self.offset_xy)
        return _as_float(xy, (xy + 0.5) * scale - 0.5 + offset)

    def to_source(self, xy: NDArray[Any]) -> NDArray[Any]:
        """Points (..., 2) from input pixels to source pixels."""
        scale, offset = np.asarray(self.scale_xy), np.asarray(self.offset_xy)
        return _as_float(xy, (xy - offset + 0.5) / scale - 0.5)

    def poses_to_source(self, poses: Sequence[Pose]) -> list[Pose]:
        """Poses from input pixels to source pixels, their keypoints in the order that the user sees."""
        if not poses:
            return []
        keypoints = np.stack([pose.keypoints for pose in poses])  # (N, K, 3)
        keypoints[..., :2] = self.to_source(keypoints[..., :2])
        if self.keypoint_order is not None:
            absent = np.full((len(poses), 1, 3), (np.nan, np.nan, 0.0), np.float32)
            keypoints = np.concatenate([keypoints, absent], 1)[:, self.keypoint_order]  # -1 takes the absent one
        skeletons = [pose.skeleton if self.keypoint_order is None else BODYPOSENET_18 for pose in poses]
        return [
            Pose(points, pose.score, skeleton)
            for points, pose, skeleton in zip(keypoints, poses, skeletons, strict=True)
        ]


class Preprocessor:
    """Fits pictures into the input of one network; keeps scratch memory, so one per thread.

    spec: the network's contract. input_hw: (H, W) of every tensor it makes.
    """

    def __init__(self, spec: ModelSpec, input_hw: tuple[int, int]) -> None:
        if any(side < 1 or side % spec.multiple for side in input_hw):
            raise ShapeError(
                f"model {spec.name} takes inputs whose sides are multiples of {spec.multiple}, "
                f"got {input_hw[0]}x{input_hw[1]}"
            )
        self.spec = spec
        self.input_hw = input_hw
        self._resize = Resizer(spec.resize)
        self._letterbox: Letterbox | None = None
        skeleton, wanted = spec.keypoint_skeleton, spec.pose_skeleton
        self._order = None if skeleton is wanted else skeleton.mapping_to(wanted)

    def letterbox(self, image_hw: tuple[int, int]) -> Letterbox:
        """How a picture (h, w) will lie in the input."""
        if self._letterbox is None or self._letterbox.image_hw != image_hw:
            self._letterbox = Letterbox(image_hw, self.input_hw, self._order)
            self._resize.forget()
        return self._letterbox

    @cached_property
    def _normalise(self) -> Normaliser:
        return Normaliser(self.spec, self.input_hw)

    @cached_property
    def _canvas(self) -> Image:
        return np.empty((*self.input_hw, 3), np.uint8)

    def prepare(self, image: Image, out: FloatArray | None = None) -> tuple[FloatArray, Letterbox]:
        """The network's input for one picture, without a batch axis, and how the picture lies in it.

        image: uint8 (h, w, 3) BGR. out: float32 array (3, H, W) or (H, W, 3), as the contract says, to write to, such
        as one place of a batch; a new one is made when left out. ShapeError for anything else than a picture.
        """
        picture, letterbox = self.fit(image, self._canvas)
        return self._normalise(picture, out), letterbox

    def fit(self, image: Image, out: Image | None = None) -> tuple[Image, Letterbox]:
        """The picture in the input, uint8 (H, W, 3) BGR, for a backend that takes pixels; and how it lies there.

        image, out: as for `prepare`, `out` uint8. A picture that has the input's size already is given back as it is.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ShapeError(f"a picture is uint8 (H, W, 3) BGR, got {image.dtype} {image.shape}")
        letterbox = self.letterbox((image.shape[0], image.shape[1]))
        if letterbox.image_hw == self.input_hw:
            return image, letterbox
        (h, w), (left, top) = letterbox.content_hw, letterbox.offset_xy
        canvas = np.empty((*self.input_hw, 3), np.uint8) if out is None else out
        if (h, w) != self.input_hw:
            canvas[:] = self.spec.pad_value
        self._resize(image, canvas[top : top + h, left : left + w])
        return canvas, letterbox


def split_fields(spec: ModelSpec, outputs: Sequence[NDArray[Any]], *, owned: bool = False) -> list[Fields]:
    """One Fields per picture of a batch (C-contiguous float32, channels first), valid whatever becomes of `outputs`.

    outputs: what `Backend.infer` gave: the tensors holding heatmaps and PAFs, batch axis first, in the graph's own
    layouts. owned: nobody else writes to them, so that only what lies otherwise is copied. ShapeError when they do not
    have the channels that the contract promises.
    """
    skeleton = spec.keypoint_skeleton
    heatmaps = _channels_first(outputs[0], spec.heatmaps, "heatmaps")
    pafs = _channels_first(outputs[1], spec.pafs, "PAFs")
    if heatmaps.shape[1] < skeleton.n_keypoints or pafs.shape[1] != skeleton.n_pafs or len(heatmaps) != len(pafs):
        raise ShapeError(
            f"model {spec.name}: skeleton {skeleton.name} wants at least {skeleton.n_keypoints} heatmaps and "
            f"{skeleton.n_pafs} PAFs per picture, the network gave {heatmaps.shape} and {pafs.shape}; "
            "check its sidecar with: edgepose model check"
        )
    own = np.ascontiguousarray if owned else _copy
    return [
        Fields(own(heat, np.float32), own(paf, np.float32), spec.heatmaps.stride, spec.pafs.stride)
        for heat, paf in zip(heatmaps, pafs, strict=True)
    ]


def _channels_first(tensor: NDArray[Any], output: OutputSpec, what: str) -> NDArray[Any]:
    if tensor.ndim != 4:
        raise ShapeError(f"{what} {output.name!r} have 4 axes, got shape {tensor.shape}")
    if output.layout == "NHWC":
        tensor = tensor.transpose(0, 3, 1, 2)
    return tensor if output.channels is None else tensor[:, output.channels[0] : output.channels[1]]


def _as_float(like: NDArray[Any], values: NDArray[np.float64]) -> NDArray[Any]:
    return values.astype(np.result_type(like, np.float32), copy=False)


def _copy(array: NDArray[Any], dtype: type[np.float32]) -> FloatArray:
    return np.array(array, dtype, order="C")
