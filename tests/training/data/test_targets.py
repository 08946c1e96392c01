"""Targets drawn from known people decode back to them, and obey the reference's rules."""

from __future__ import annotations

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from edgepose.decode import group  # noqa: E402
from edgepose.skeleton import BODYPOSENET_18 as SKELETON  # noqa: E402
from edgepose.training.data.targets import TargetOptions, draw_heatmaps, draw_pafs, fill_in  # noqa: E402

HW = (256, 320)
OPTIONS = TargetOptions()

STANDING = np.array(
    [[0, -60], [0, -40], [-18, -40], [-22, -15], [-24, 8], [18, -40], [22, -15], [24, 8], [-11, 10], [-12, 40],
     [-12, 70], [11, 10], [12, 40], [12, 70], [-4, -64], [4, -64], [-9, -61], [9, -61]], np.float32,
)  # fmt: skip


def people(*centres: tuple[float, float, float]) -> np.ndarray:
    """(P, 18, 3): a person of the given scale at each centre."""
    shapes = [STANDING * scale + (x, y) for x, y, scale in centres]
    return np.stack([np.column_stack((xy, np.ones(18))) for xy in shapes]).astype(np.float32)


def oks(found: np.ndarray, true: np.ndarray) -> float:
    box = np.ptp(true[:, :2], axis=0)
    variance = (2 * SKELETON.sigma_array) ** 2 * box.prod() * 2
    distance = ((found[:, :2] - true[:, :2]) ** 2).sum(1)
    return float(np.where(found[:, 2] > 0, np.exp(-np.nan_to_num(distance) / variance), 0).mean())


@pytest.mark.parametrize("centres", [[(160, 130, 1.3)], [(90, 130, 1.3), (220, 128, 1.1)]], ids=["one", "two apart"])
def test_drawn_people_decode_back(centres: list[tuple[float, float, float]]) -> None:
    true = people(*centres)
    found = group(draw_heatmaps(true, SKELETON, HW, OPTIONS), draw_pafs(true, SKELETON, HW, OPTIONS))
    assert len(found) == len(true)
    for person in true:
        assert max(oks(pose.keypoints, person) for pose in found) >= 0.98


def test_peak_height_and_width_follow_the_gaussian() -> None:
    person = np.zeros((1, 18, 3), np.float32)
    person[0, 0] = 8 * 10 + 3.5, 8 * 12 + 3.5, 1
    maps = draw_heatmaps(person, SKELETON, HW, OPTIONS)
    assert maps[0, 12, 10] == pytest.approx(1)
    assert maps[0, 12, 11] == pytest.approx(np.exp(-(8**2) / (2 * 7**2)))
    assert maps[18, 12, 10] == pytest.approx(0)


def test_background_is_one_where_nobody_is() -> None:
    maps = draw_heatmaps(np.zeros((0, 18, 3), np.float32), SKELETON, HW, OPTIONS)
    assert maps[:-1].max() == 0 and maps[-1].min() == 1


def test_overlapping_limbs_are_averaged() -> None:
    pair = np.zeros((2, 18, 3), np.float32)
    pair[0, [1, 8]] = [[100, 100, 1], [200, 100, 1]]  # limb 0 to the right
    pair[1, [1, 8]] = [[150, 50, 1], [150, 150, 1]]  # limb 0 downwards, crossing it
    pafs = draw_pafs(pair, SKELETON, HW, OPTIONS)
    assert pafs[:2, 12, 18] == pytest.approx([0.5, 0.5])  # cell centre (147.5, 99.5)
    assert pafs[:2, 12, 14] == pytest.approx([1, 0])


def test_an_unlabelled_end_draws_no_limb() -> None:
    lone = np.zeros((1, 18, 3), np.float32)
    lone[0, 1] = 100, 100, 1
    assert not draw_pafs(lone, SKELETON, HW, OPTIONS).any()


def test_a_limb_of_no_length_is_skipped() -> None:
    point = np.zeros((1, 18, 3), np.float32)
    point[0, [1, 8]] = 100, 100, 1
    assert np.isfinite(draw_pafs(point, SKELETON, HW, OPTIONS)).all()
    assert not draw_pafs(point, SKELETON, HW, OPTIONS).any()


def maps_of(keypoints: np.ndarray) -> np.ndarray:
    return np.concatenate(
        (draw_heatmaps(keypoints, SKELETON, HW, OPTIONS), draw_pafs(keypoints, SKELETON, HW, OPTIONS))
    )


def test_a_known_person_whom_the_teacher_misses_is_drawn_in() -> None:
    seen, missed = people((90, 130, 1.0)), people((220, 130, 1.0))
    filled = fill_in(maps_of(seen), missed, SKELETON, HW, OPTIONS)
    assert len(group(maps_of(seen)[:19], maps_of(seen)[19:])) == 1
    assert len(group(filled[:19], filled[19:])) == 2
    assert filled[:18].max() <= 1 and np.abs(filled[18] - (1 - filled[:18].max(0))).max() < 1e-6


def test_what_the_teacher_draws_stronger_stays() -> None:
    seen = people((160, 130, 1.0))
    maps = maps_of(seen)
    assert np.array_equal(fill_in(maps, seen, SKELETON, HW, OPTIONS), maps)


def test_a_keypoint_that_the_teacher_sees_a_little_elsewhere_stays_where_it_is() -> None:
    maps = 0.6 * maps_of(people((160, 130, 1.0)))
    maps[18] = 1 - maps[:18].max(0)
    assert np.array_equal(fill_in(maps, people((168, 134, 1.0)), SKELETON, HW, OPTIONS), maps)


def test_only_what_is_missed_of_a_person_is_drawn() -> None:
    person = people((160, 130, 1.0))
    half = person.copy()
    half[0, 8:14] = 0
    maps = maps_of(half)
    filled = fill_in(maps, person, SKELETON, HW, OPTIONS)
    changed = [k for k in range(18) if not np.array_equal(filled[k], maps[k])]
    assert changed == list(range(8, 14))
    assert len(group(filled[:19], filled[19:])) == 1


def test_nothing_is_drawn_in_at_height_zero() -> None:
    nobody = maps_of(np.zeros((0, 18, 3), np.float32))
    options = TargetOptions(fill=0.0)
    assert np.array_equal(fill_in(nobody, people((160, 130, 1.0)), SKELETON, HW, options), nobody)
