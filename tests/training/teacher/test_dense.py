"""A teacher's maps: looked up once, mirrored agreement, people on the floor from the turn that sees them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")

from edgepose.errors import DataError  # noqa: E402
from edgepose.skeleton import BODYPOSENET_18 as SKELETON  # noqa: E402
from edgepose.skeleton import COCO_17  # noqa: E402
from edgepose.training.data.coco import SetOptions  # noqa: E402
from edgepose.training.data.dataset import DataOptions, PoseDataset  # noqa: E402
from edgepose.training.data.targets import TargetOptions, draw_heatmaps, draw_pafs  # noqa: E402
from edgepose.training.network.validate import own_spec  # noqa: E402
from edgepose.training.teacher.dense import (  # noqa: E402
    DistillOptions,
    Teacher,
    best_regions,
    mirror_maps,
    quarters_upright,
    turn_maps,
)

pytestmark = pytest.mark.torch
HW = (192, 256)


def person(x: float, y: float) -> np.ndarray:
    shape = np.array(
        [[0, -60], [0, -40], [-18, -40], [-22, -15], [-24, 8], [18, -40], [22, -15], [24, 8], [-11, 10], [-12, 40],
         [-12, 70], [11, 10], [12, 40], [12, 70], [-4, -64], [4, -64], [-9, -61], [9, -61]], np.float32,
    )  # fmt: skip
    return np.column_stack((shape + np.array((x, y)), np.ones(18))).astype(np.float32)[None]


def maps_of(keypoints: np.ndarray, hw: tuple[int, int] = HW) -> np.ndarray:
    options = TargetOptions()
    return np.concatenate(
        (draw_heatmaps(keypoints, SKELETON, hw, options), draw_pafs(keypoints, SKELETON, hw, options))
    )


NOBODY = maps_of(np.zeros((0, 18, 3), np.float32))


def teacher(folder: Path, answers: list[np.ndarray], calls: list[int]) -> Teacher:
    """Gives the same answer for a picture and its mirror image's mirror image; counts the calls."""

    def infer(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        maps = answers[min(len(calls), len(answers) - 1)]
        calls.append(len(batch))
        both = np.stack((maps, mirror_maps(maps, SKELETON)))
        return both[:, :19], both[:, 19:]

    return Teacher(infer, own_spec("teacher"), DistillOptions(cache=str(folder), heights=(192,)), "teacher")


def test_maps_are_computed_once_and_then_read(tmp_path: Path) -> None:
    calls: list[int] = []
    image = np.zeros((*HW, 3), np.uint8)
    one = teacher(tmp_path, [maps_of(person(128, 90))], calls)
    first = one.maps(image, 192)
    assert np.array_equal(one.maps(image, 192), first)
    assert calls == [2]  # the picture and its mirror image, together
    assert np.abs(first - maps_of(person(128, 90))).max() < 1e-3


def test_a_teacher_of_several_scales_answers_on_the_grid_of_the_first(tmp_path: Path) -> None:
    """At twice the size the same person is seen, but stronger: the mean lies between the two, at the same place."""
    one = maps_of(person(128, 90))
    sizes = []

    def infer(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sizes.append(batch.shape[2:])
        larger = batch.shape[2] > HW[0]
        maps = np.repeat(np.repeat(one, 2, 1), 2, 2) if larger else 0.5 * one
        both = np.stack((maps, mirror_maps(maps, SKELETON)))
        return both[:, :19], both[:, 19:]

    options = DistillOptions(cache=str(tmp_path), heights=(192,), scales=(1.0, 2.0))
    seen = Teacher(infer, own_spec("teacher"), options, "teacher").maps(np.zeros((*HW, 3), np.uint8), 192)
    assert sizes == [HW, (2 * HW[0], 2 * HW[1])]
    assert np.abs(seen - 0.75 * one).max() < 1e-2
    calls: list[int] = []
    alone = teacher(tmp_path, [one], calls).maps(np.zeros((*HW, 3), np.uint8), 192)
    assert calls  # maps of other scales are other maps
    assert np.abs(alone - one).max() < 1e-2


def test_the_nearest_height_serves_a_crop() -> None:
    one = Teacher(lambda batch: (batch, batch), own_spec("t"), DistillOptions(heights=(224, 288, 368)), "t")
    assert [one.level(height) for height in (100, 250, 260, 320, 330, 900)] == [224, 224, 288, 288, 368, 368]


def test_a_person_seen_only_in_a_turned_picture_is_brought_back(tmp_path: Path) -> None:
    """The picture turned by a quarter shows somebody upright; in the picture itself that person lies."""
    upright_in_turned = maps_of(person(96, 128), (256, 192))
    nobody_turned = maps_of(np.zeros((0, 18, 3), np.float32), (256, 192))
    answers = [NOBODY, upright_in_turned, NOBODY, nobody_turned]
    seen = teacher(tmp_path, answers, []).maps(np.zeros((*HW, 3), np.uint8), 192, quarters=(1, 2, 3))
    lying = turn_maps(upright_in_turned, -1, SKELETON)
    assert np.abs(seen[:18].max(0) - lying[:18].max(0)).max() < 1e-2


def test_the_upright_view_keeps_the_person_it_sees() -> None:
    upright = maps_of(person(128, 90))
    weaker = maps_of(person(132, 94)) * 0.8
    assert np.array_equal(best_regions([upright, weaker], SKELETON, 8), upright)


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_a_lying_person_needs_the_quarter_turn_that_brings_it_upright(quarter: int) -> None:
    """The picture is turned clockwise, so turning it counter-clockwise as often brings the person back."""
    lying = person(0, 0)
    for _ in range(quarter):
        lying[..., :2] = np.stack((-lying[..., 1], lying[..., 0]), -1)
    assert quarters_upright(lying, SKELETON) == ((quarter,) if quarter else ())


def test_a_person_without_a_trunk_is_taken_for_upright() -> None:
    head = person(0, 0)
    head[:, [2, 5, 8, 11], 2] = 0
    assert quarters_upright(head, SKELETON) == ()


def picture_set(folder: Path, annotations: tuple[dict[str, object], ...] = (), **more: object) -> SetOptions:
    cv2.imwrite(str(folder / "a.png"), np.zeros((*HW, 3), np.uint8))
    image = {"id": 1, "file_name": "a.png", "width": HW[1], "height": HW[0]}
    content = {"images": [image], "annotations": annotations, "categories": []}
    (folder / "set.json").write_text(json.dumps(content))
    return SetOptions(annotations=str(folder / "set.json"), images=str(folder), **more)  # type: ignore[arg-type]


def test_unlabelled_pictures_get_the_teachers_people(tmp_path: Path) -> None:
    options = DataOptions(sets=(picture_set(tmp_path, labels="teacher"),))
    dataset = PoseDataset(options, SKELETON, 0, teacher(tmp_path, [maps_of(person(128, 90))], []))
    assert max(float(dataset[i].heatmaps[:-1].max()) for i in range(4)) > 0.7


def test_known_people_are_drawn_into_what_the_teacher_misses(tmp_path: Path) -> None:
    coco = np.nan_to_num(person(128, 90)[0])[list(SKELETON.mapping_to(COCO_17))]
    known = {
        "image_id": 1,
        "category_id": 1,
        "bbox": [100, 26, 50, 135],
        "keypoints": (coco * (1, 1, 2)).ravel().tolist(),
    }
    options = DataOptions(sets=(picture_set(tmp_path, (known,), labels="teacher", nobody=0.0),))
    dataset = PoseDataset(options, SKELETON, 0, teacher(tmp_path, [NOBODY], []))
    assert max(float(dataset[i].heatmaps[:-1].max()) for i in range(4)) == pytest.approx(0.7, abs=0.05)


def test_empty_rooms_teach_that_nobody_is_there(tmp_path: Path) -> None:
    dataset = PoseDataset(DataOptions(sets=(picture_set(tmp_path, labels="empty"),)), SKELETON)
    sample = dataset[0]
    assert float(sample.heatmaps[:-1].abs().max()) == 0 and float(sample.heatmaps[-1].min()) == 1
    assert float(sample.pafs.abs().max()) == 0 and float(sample.mask.min()) == 1


def test_samples_follow_from_seed_epoch_and_number(tmp_path: Path) -> None:
    options = DataOptions(sets=(picture_set(tmp_path, labels="empty"),))
    one, same = PoseDataset(options, SKELETON, 7), PoseDataset(options, SKELETON, 7)
    assert (one[3].image == same[3].image).all()
    same.start_epoch(1)
    assert (one[3].image != same[3].image).any()


def test_a_set_that_needs_a_teacher_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"set distill\.teacher"):
        PoseDataset(DataOptions(sets=(picture_set(tmp_path, labels="teacher"),)), SKELETON)
