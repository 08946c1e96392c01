"""Distillation: dense maps of an exported network, computed once per picture, then moved with the augmentation.

The teacher looks at the upright picture, where it is good; its maps are turned, scaled and mirrored with the picture,
so the student learns people at angles the teacher cannot see. Where a person does lie, the teacher may look at the
picture turned by quarter turns as well, and the turn that sees the person best answers for that region.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edgepose.arrays import read_array
from edgepose.backends import Backend, open_backend
from edgepose.decode import group
from edgepose.errors import DataError
from edgepose.files import ORDINARY, replacing, sha256_of
from edgepose.look.preprocess import split_fields
from edgepose.look.resize import resized
from edgepose.model import ModelSpec, load_spec, model_path
from edgepose.options import Options
from edgepose.skeleton import Skeleton
from edgepose.types import FloatArray, Image, Pose

Infer = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Normalised (N, 3, H, W) to heatmaps (N, K + 1, h, w) and PAFs (N, 2L, h, w), stride 8."""

Maps = NDArray[np.float16]
"""(K + 1 + 2L, h, w): heatmaps, background last, then PAFs, of one whole picture."""


class DistillOptions(Options, frozen=True):
    """The teacher and where its maps are kept."""

    teacher: Annotated[
        str, Meta(description="exported network, or one of ours by name, that draws the targets; empty for none")
    ] = ""
    cache: Annotated[str, Meta(description="folder of the teacher's maps, float16")] = "out/teacher"
    heights: Annotated[
        tuple[int, ...], Meta(description="picture heights the teacher sees, pixels; the nearest one serves a crop")
    ] = (224, 288, 368)
    scales: Annotated[
        tuple[float, ...],
        Meta(min_length=1, description="the teacher looks at the upright picture this much larger; the mean answers"),
    ] = (1.0,)
    features: Annotated[
        float,
        Meta(ge=0, description="weight of the difference from the teacher's backbone features; light backbones only"),
    ] = 0.0
    features_of: Annotated[
        float, Meta(gt=0, le=1, description="share of each step's crops whose features are compared; fewer are faster")
    ] = 1.0
    blends: Annotated[
        float,
        Meta(ge=0, le=1, description="share of crops blended with another, for features alone; needs features"),
    ] = 0.0
    kept: Annotated[
        str, Meta(description="folder of the fused teacher's sights, whose dense maps serve where they are; or empty")
    ] = ""
    min_turned_keypoints: Annotated[
        int, Meta(description="a person seen only in the turned picture needs this many keypoints")
    ] = 8


class Teacher:
    """Dense maps of whole pictures, kept on disk. Safe in several worker processes once everything is computed."""

    def __init__(self, infer: Infer, spec: ModelSpec, options: DistillOptions, name: str) -> None:
        self.options = options
        self._infer = infer
        self._spec = spec
        self._name = name
        self._folder = Path(options.cache)

    @property
    def skeleton(self) -> Skeleton:
        """The keypoints it draws."""
        return self._spec.keypoint_skeleton

    def level(self, height: float) -> int:
        """The height nearest in ratio to `height` among those the teacher looks at."""
        return min(self.options.heights, key=lambda level: abs(np.log(level / height)))

    def maps(self, image: Image, height: int, *, quarters: Sequence[int] = ()) -> Maps:
        """Maps of a picture scaled to `height` (both sides rounded to multiples of 8), from disk if they are there.

        quarters: also look at the picture turned by these quarter turns (1 to 3, counter-clockwise), for people on
        the floor.
        """
        key = hashlib.sha256(image.tobytes()).hexdigest()[:20]
        turned = f"-t{''.join(map(str, quarters))}" if quarters else ""
        kernel = "" if self._spec.resize == "area" else f"-{self._spec.resize}"  # area came before there was a choice
        larger = "".join(f"-x{scale:g}" for scale in self.options.scales if self.options.scales != (1.0,))
        path = self._folder / f"{self._name}-{key}-{height}{turned}{larger}{kernel}.npy"
        with contextlib.suppress(DataError):  # not there yet, or damaged
            return read_array(path)
        maps = self._compute(image, height, quarters).astype(np.float16)
        with replacing(path, ORDINARY) as file:
            np.save(file, maps)
        return maps

    def _compute(self, image: Image, height: int, quarters: Sequence[int]) -> FloatArray:
        skeleton = self._spec.keypoint_skeleton
        h, w = image.shape[:2]
        width = w * height / h
        upright = self._scaled_mean(image, (width, height), skeleton)
        if not quarters:
            return upright
        scaled = self._sized(image, (width, height))
        views = [upright]
        for quarter in quarters:
            turned = self._mirrored_mean(np.ascontiguousarray(np.rot90(scaled, quarter)), skeleton)
            views.append(turn_maps(turned, -quarter, skeleton))
        return best_regions(views, skeleton, self.options.min_turned_keypoints)

    def _scaled_mean(self, image: Image, size_wh: tuple[float, float], skeleton: Skeleton) -> FloatArray:
        """Mean of what the network says at each of the scales, on the grid of scale 1."""
        grid_wh = tuple(side // 8 for side in rounded(size_wh))
        looks = []
        for scale in self.options.scales:
            maps = self._mirrored_mean(self._sized(image, (size_wh[0] * scale, size_wh[1] * scale)), skeleton)
            how = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
            looks.append([cv2.resize(channel, grid_wh, interpolation=how) for channel in maps])
        mean: FloatArray = np.asarray(looks, np.float32).mean(0)
        return mean

    def _sized(self, image: Image, size_wh: tuple[float, float]) -> Image:
        """The picture at about this size, sides multiples of 8, by the teacher's own kernel."""
        return resized(image, rounded(size_wh), self._spec.resize)

    def _mirrored_mean(self, image: Image, skeleton: Skeleton) -> FloatArray:
        """Mean of what the network says about the picture and about its mirror image; both agree where it is right."""
        spec = self._spec
        picture = image if spec.colour == "BGR" else image[:, :, ::-1]
        value = (picture.astype(np.float32) - np.asarray(spec.mean, np.float32)) * np.asarray(spec.scale, np.float32)
        tensor = value.transpose(2, 0, 1)
        heatmaps, pafs = self._infer(np.ascontiguousarray(np.stack((tensor, tensor[:, :, ::-1]))))
        maps = np.concatenate((heatmaps, pafs), 1)
        return np.float32(0.5) * (maps[0] + mirror_maps(maps[1], skeleton))  # type: ignore[no-any-return]


def rounded(size_wh: tuple[float, float]) -> tuple[int, int]:
    """The nearest size whose sides are multiples of the stride, 8."""
    return max(8, round(size_wh[0] / 8) * 8), max(8, round(size_wh[1] / 8) * 8)


def open_teacher(options: DistillOptions) -> Teacher | None:
    """The teacher that the options name, run by the best backend of this machine; None when they name none."""
    if not options.teacher:
        return None
    backend: Backend | None = None
    path = model_path(options.teacher)
    spec = load_spec(path)

    def infer(batch: FloatArray) -> tuple[FloatArray, FloatArray]:
        nonlocal backend  # opened at the first picture that is not on disk: most runs never need it
        if backend is None:
            backend = open_backend(path, spec=spec)
        fields = split_fields(spec, backend.infer(batch))
        return np.stack([one.heatmaps for one in fields]), np.stack([one.pafs for one in fields])

    return Teacher(infer, spec, options, f"{path.stem}-{sha256_of(path)[:8]}")  # teachers of one name keep apart


def quarters_upright(keypoints: FloatArray, skeleton: Skeleton) -> tuple[int, ...]:
    """Quarter turns, counter-clockwise, that bring one of these people (P, K, 3) nearest to upright; 0 is left out.

    A person whose trunk is not known is taken for upright.
    """
    upper, lower = (
        [skeleton.index(name) for name in names] for names in (("l_shoulder", "r_shoulder"), ("l_hip", "r_hip"))
    )
    quarters = set()
    for person in keypoints:
        ends = [person[part][person[part, 2] > 0, :2] for part in (upper, lower)]
        if all(map(len, ends)):
            dx, dy = ends[1].mean(0) - ends[0].mean(0)
            quarters.add(int(np.argmax((dy, -dx, -dy, dx))))
    return tuple(sorted(quarters - {0}))


def flip_channels(skeleton: Skeleton) -> NDArray[np.intp]:
    """intp (K + 1 + 2L,): where each channel of the maps finds itself after mirroring (vectors not yet negated)."""
    keypoints = np.arange(skeleton.n_keypoints)
    for a, b in skeleton.flip_pairs:
        keypoints[[a, b]] = b, a
    limbs = {limb: i for i, limb in enumerate(skeleton.limbs)}
    channels = np.arange(skeleton.n_keypoints + 1 + skeleton.n_pafs)
    channels[: skeleton.n_keypoints] = keypoints
    first = skeleton.n_keypoints + 1
    for (start, end), own in zip(skeleton.limbs, skeleton.paf_channels, strict=True):
        pair = (int(keypoints[start]), int(keypoints[end]))
        other = skeleton.paf_channels[limbs.get(pair, limbs.get(pair[::-1], -1))]
        channels[[first + own[0], first + own[1]]] = first + other[0], first + other[1]
    return channels


def flip_signs(skeleton: Skeleton) -> FloatArray:
    """float32 (K + 1 + 2L,): -1 where a limb's mirror image runs from end to start in the skeleton, else 1.

    In trt_pose the limb l_hip to r_hip is its own mirror image, reversed.
    """
    signs = np.ones(skeleton.n_keypoints + 1 + skeleton.n_pafs, np.float32)
    keypoints = flip_channels(skeleton)[: skeleton.n_keypoints]
    first = skeleton.n_keypoints + 1
    for (start, end), own in zip(skeleton.limbs, skeleton.paf_channels, strict=True):
        if (int(keypoints[start]), int(keypoints[end])) not in skeleton.limbs:
            signs[[first + own[0], first + own[1]]] = -1.0
    return signs


def turn_vectors(maps: FloatArray, linear: FloatArray, skeleton: Skeleton) -> FloatArray:
    """A copy of the maps whose PAF vectors are multiplied by `linear`, float32 (2, 2), acting on (x, y)."""
    out: FloatArray = maps.copy()
    first = skeleton.n_keypoints + 1
    xs, ys = (first + np.asarray([pair[i] for pair in skeleton.paf_channels]) for i in (0, 1))
    out[xs] = linear[0, 0] * maps[xs] + linear[0, 1] * maps[ys]
    out[ys] = linear[1, 0] * maps[xs] + linear[1, 1] * maps[ys]
    return out


def mirror_maps(maps: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Maps of the mirrored picture brought back to the picture itself (and the other way round)."""
    moved = maps[flip_channels(skeleton)][:, :, ::-1] * flip_signs(skeleton)[:, None, None]
    return turn_vectors(moved, np.array([[-1, 0], [0, 1]], np.float32), skeleton)


def turn_maps(maps: FloatArray, quarters: int, skeleton: Skeleton) -> FloatArray:
    """Maps turned by quarter turns, counter-clockwise as `np.rot90` turns the picture."""
    c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarters % 4]
    turned = np.ascontiguousarray(np.rot90(maps, quarters, axes=(1, 2)))
    return turn_vectors(turned, np.array([[c, s], [-s, c]], np.float32), skeleton)


def best_regions(views: Sequence[FloatArray], skeleton: Skeleton, min_turned_keypoints: int) -> FloatArray:
    """One set of maps out of several views of a picture, the first being the upright one.

    Persons of all views compete, best sum of keypoint scores first; a person of a turned view that wins its place
    from the upright view brings the maps of its box. Everywhere else the upright maps stay.
    """
    n_heatmaps = skeleton.n_keypoints + 1
    persons: list[tuple[float, int, Pose]] = []
    for i, view in enumerate(views):
        for pose in group(view[:n_heatmaps], view[n_heatmaps:], skeleton=skeleton):
            if i == 0 or int(pose.found.sum()) >= min_turned_keypoints:
                persons.append((float(pose.keypoints[:, 2].sum()) * (1.0 if i == 0 else 0.9), i, pose))
    persons.sort(key=lambda person: -person[0])
    out: FloatArray = views[0].copy()
    taken: list[tuple[float, float, float, float]] = []
    painted = np.zeros(out.shape[1:], bool)
    for _, i, pose in persons:
        box = pose.box_xyxy
        if any(_overlap(box, other) > 0.4 for other in taken):
            continue
        taken.append(box)
        margin = 0.15 * max(box[2] - box[0], box[3] - box[1]) + 12.0
        x0, y0 = (max(0, int((v - margin) // 8)) for v in box[:2])
        x1, y1 = (int((v + margin) // 8) + 1 for v in box[2:])
        region = np.zeros_like(painted)
        region[y0:y1, x0:x1] = True
        region &= ~painted
        if i:
            out[:, region] = views[i][:, region]
        painted |= region
    return out


def _overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over the smaller box."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return max(0.0, w) * max(0.0, h) / max(smaller, 1e-6)
