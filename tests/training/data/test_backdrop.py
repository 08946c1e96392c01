"""What lies around a picture in its crop, and what a set says about how its own crops are cut."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")

import cv2

from edgepose.errors import DataError
from edgepose.skeleton import BODYPOSENET_18 as SKELETON
from edgepose.training.data.augment import View
from edgepose.training.data.backdrop import open_backdrops, surrounded
from edgepose.training.data.coco import SetOptions
from edgepose.training.data.dataset import DataOptions, PoseDataset
from edgepose.training.network.validate import own_spec
from edgepose.training.teacher.dense import DistillOptions, Teacher

pytestmark = pytest.mark.torch
RED, BLUE = (0, 0, 255), (255, 0, 0)


def picture(path: Path, colour: tuple[int, int, int], hw: tuple[int, int] = (60, 80)) -> dict[str, object]:
    cv2.imwrite(str(path), np.full((*hw, 3), colour, np.uint8))
    return {"id": 1, "file_name": str(path), "width": hw[1], "height": hw[0]}


def listed(folder: Path, image: dict[str, object], *people: dict[str, object]) -> str:
    path = folder / f"{Path(str(image['file_name'])).stem}.json"
    path.write_text(json.dumps({"images": [image], "annotations": people, "categories": [{"id": 1, "name": "person"}]}))
    return str(path)


def test_a_backdrop_is_seen_where_the_picture_is_not() -> None:
    view = View(np.array([[1.0, 0, 20], [0, 1.0, 30]]), 128, False)
    crop = np.full((128, 128, 3), 128, np.uint8)
    crop[30:90, 20:100] = RED
    backdrop = np.full((50, 300, 3), BLUE, np.uint8)
    seen = surrounded(crop, (60, 80), view, backdrop, np.random.default_rng(0), "linear")
    inside = np.zeros((128, 128), bool)
    inside[30:90, 20:100] = True
    assert (seen[inside] == RED).all() and (seen[~inside] == BLUE).all()


def test_a_crop_that_its_picture_fills_stays() -> None:
    view = View(np.array([[4.0, 0, -20], [0, 4.0, -30]]), 128, False)
    crop = np.full((128, 128, 3), RED, np.uint8)
    seen = surrounded(crop, (60, 80), view, np.zeros((9, 9, 3), np.uint8), np.random.default_rng(0), "linear")
    assert (seen == crop).all()


def test_backdrops_with_people_are_refused(tmp_path: Path) -> None:
    image = picture(tmp_path / "somebody.png", RED)
    person = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 30, 30], "keypoints": [5, 5, 2] * 17}
    assert len(open_backdrops(listed(tmp_path, image))) == 1
    with pytest.raises(DataError, match=r"holds people; data\.backdrops must be pictures without anybody"):
        open_backdrops(listed(tmp_path, image, person))


def trusted(folder: Path, **more: object) -> tuple[SetOptions, Teacher]:
    """A set of one picture with one sure person, and a teacher that sees noses everywhere."""
    image = picture(folder / "one.png", RED, (240, 320)) | {"sha256": "ab"}
    xy = np.stack(np.meshgrid((120, 140, 160), (60, 80, 100, 120, 140, 160)), -1).reshape(-1, 2)[:17]
    fused = np.column_stack((xy, np.full(17, 0.9))).ravel().tolist()
    keypoints = np.column_stack((xy, np.full(17, 2))).ravel().tolist()
    person = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [120, 60, 40, 100], "keypoints": keypoints,
              "fused": fused, "lies": False}  # fmt: skip
    maps = np.zeros((57, 30, 40), np.float32)
    maps[0] = 0.6

    def infer(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        both = np.stack((maps, maps))
        return both[:, :19], both[:, 19:]

    seen = Teacher(infer, own_spec("teacher"), DistillOptions(cache=str(folder), heights=(240,)), "teacher")
    given = {"picture_px": (240.0, 240.0), "nobody": 0.0, **more}
    return SetOptions(annotations=listed(folder, image, person), labels="teacher", **given), seen  # type: ignore[arg-type]


@pytest.mark.parametrize("anchor", [True, False])
def test_a_set_without_an_anchor_is_drawn_from_its_people_alone(tmp_path: Path, anchor: bool) -> None:
    one, teacher = trusted(tmp_path, anchor=anchor, any_angle=0.0, shift_px=0.0)
    heatmaps = PoseDataset(DataOptions(sets=(one,)), SKELETON, 0, teacher)[0].heatmaps
    assert (float((heatmaps[0] > 0.5).float().mean()) > 0.2) == anchor
    assert float(heatmaps[1:18].max()) > 0.6


def test_a_set_says_how_its_crops_are_turned_and_moved(tmp_path: Path) -> None:
    one, teacher = trusted(tmp_path, anchor=False, any_angle=1.0, shift_px=0.0, squeeze=0.5)
    dataset = PoseDataset(DataOptions(sets=(one,)), SKELETON, 0, teacher)
    view = dataset._view(dataset._pictures[0][0])
    assert (view.any_angle, view.shift_px, view.squeeze) == (1.0, 0.0, 0.5)
    assert view.tilt_deg == dataset.options.view.tilt_deg
