"""People of a whole picture: Lightweight OpenPose at two scales, MoveNet MultiPose upright and at quarter turns.

Both networks miss what the other finds: OpenPose small people and groups, MultiPose people on the floor. What is found
here need not be right; crops decide later.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edgepose.decode import group
from edgepose.look.resize import resized
from edgepose.options import Options
from edgepose.skeleton import BODYPOSENET_18
from edgepose.training.teacher.body import Keypoints, box_of, same_person
from edgepose.training.teacher.dense import mirror_maps, rounded
from edgepose.training.teacher.networks import open_network
from edgepose.training.teacher.read import TO_COCO
from edgepose.types import FloatArray, Image


class DetectOptions(Options, frozen=True):
    """What the detectors look at."""

    heights: Annotated[
        tuple[int, ...], Meta(min_length=1, description="heights OpenPose sees a landscape picture at, smallest first")
    ] = (288, 512)
    multipose: Annotated[int, Meta(description="longer side MultiPose sees the upright picture at, pixels")] = 640
    turned: Annotated[int, Meta(description="longer side it sees the turned ones at, pixels; 0 for no turns")] = 352
    min_score: Annotated[float, Meta(description="MultiPose's people need at least this score")] = 0.12
    min_keypoints: Annotated[int, Meta(description="a candidate has at least this many keypoints")] = 3


class Detectors:
    """Candidates of whole pictures, and OpenPose's dense maps, mean of its scales."""

    def __init__(self, folder: Path, options: DetectOptions, threads: int = 1) -> None:
        self.options = options
        self._fields = open_network(folder / "human-pose-estimation-0001.fp32.onnx", ("heatmaps", "pafs"), threads)
        self._multipose = open_network(folder / "movenet-multipose.onnx", ("Identity:0",), threads)

    def maps(self, image: Image) -> list[FloatArray]:
        """Maps (57, h, w) of the picture at each height; the first is the mean with the mirror image's."""
        h, w = image.shape[:2]
        tall = max(1.0, h / w)  # a portrait is shown with as many pixels as a landscape
        out: list[FloatArray] = []
        for height in self.options.heights:
            small = resized(image, rounded((height * w / h * tall**0.5, height * tall**0.5)), "linear")
            seen = self._look(small)
            if not out:
                seen = np.float32(0.5) * (seen + mirror_maps(self._look(small[:, ::-1]), BODYPOSENET_18))
            out.append(seen)
        return out

    def _look(self, image: Image) -> FloatArray:
        maps = self._fields(np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32))
        return np.concatenate((maps["heatmaps"][0], maps["pafs"][0])).astype(np.float32)

    def candidates(self, image: Image, maps: Sequence[FloatArray]) -> list[Keypoints]:
        """People in picture pixels, each once, the strongest guess of each; maps as `maps` gave them."""
        found = [person for one in maps for person in grouped(one, image.shape[:2])]
        found += self._people(image, self.options.multipose)
        if self.options.turned:
            for quarter in (1, 2, 3):
                turned = np.ascontiguousarray(np.rot90(image, quarter))
                back = [
                    turn_back(person, quarter, image.shape[:2]) for person in self._people(turned, self.options.turned)
                ]
                found += back
        found = [one for one in found if (one[:, 2] > 0).sum() >= self.options.min_keypoints]
        return each_once(found)

    def _people(self, image: Image, longer_px: int) -> list[Keypoints]:
        """MultiPose's people; it wants sides in multiples of 32 and pads below and to the right."""
        h, w = image.shape[:2]
        scale = longer_px / max(h, w)
        size = max(1, round(w * scale)), max(1, round(h * scale))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.cvtColor(cv2.resize(image, size, interpolation=how), cv2.COLOR_BGR2RGB)
        H, W = (-(-side // 32) * 32 for side in small.shape[:2])
        canvas = np.zeros((1, H, W, 3), np.int32)
        canvas[0, : size[1], : size[0]] = small
        people = []
        for row in self._multipose(canvas)["Identity:0"][0].astype(np.float64):
            if row[55] < self.options.min_score:
                continue
            y, x, score = row[:51].reshape(17, 3).T
            xy = np.column_stack((x * W * w / size[0], y * H * h / size[1])) - 0.5
            people.append(np.column_stack((xy, np.where(score > 0.1, score, 0.0))))
        return people


def grouped(maps: FloatArray, image_hw: Sequence[int]) -> list[Keypoints]:
    """The people that OpenPose's maps of a whole picture hold, in picture pixels."""
    n = BODYPOSENET_18.n_keypoints + 1
    size = np.array((image_hw[1], image_hw[0])) / (8 * np.array(maps.shape[:0:-1]))
    people = []
    for pose in group(maps[:n], maps[n:], skeleton=BODYPOSENET_18):
        person = np.nan_to_num(pose.keypoints[TO_COCO].astype(np.float64))
        person[:, :2] = np.where(person[:, 2:] > 0, (person[:, :2] + 0.5) * size - 0.5, 0.0)
        people.append(person)
    return people


def turn_back(keypoints: Keypoints, quarter: int, image_hw: Sequence[int]) -> Keypoints:
    """Keypoints of `np.rot90(image, quarter)` in the picture itself, whose height and width are given."""
    h, w = image_hw[:2]
    x, y = keypoints[:, 0], keypoints[:, 1]
    x, y = ((x, y), (w - 1 - y, x), (w - 1 - x, h - 1 - y), (y, h - 1 - x))[quarter % 4]
    return np.column_stack((x, y, keypoints[:, 2]))


def each_once(people: Sequence[Keypoints]) -> list[Keypoints]:
    """The people without repetitions: of guesses that mean one person the one whose scores add up to most."""
    kept: list[Keypoints] = []
    for person in sorted(people, key=lambda one: -float(one[:, 2].sum())):
        if not any(same_person(person, other) for other in kept):
            kept.append(person)
    return kept


def mean_maps(maps: Sequence[FloatArray]) -> NDArray[np.float16]:
    """The mean of one picture's maps at several scales on the grid of the first, float16."""
    h, w = maps[0].shape[1:]
    on_grid = [maps[0]]
    for one in maps[1:]:
        on_grid.append(np.stack([cv2.resize(channel, (w, h), interpolation=cv2.INTER_AREA) for channel in one]))
    return np.asarray(np.mean(on_grid, 0), np.float16)


def outline(keypoints: Keypoints) -> NDArray[np.float64]:
    """The person's box, x0, y0, x1, y1: keypoints end at wrists and eyes, people go on a little."""
    box = box_of(keypoints)
    grow = 0.08 * float((box[2:] - box[:2]).max())
    return np.asarray(box + np.array((-grow, -grow, grow, grow)))
