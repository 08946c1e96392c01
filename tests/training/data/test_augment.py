"""A view moves pixels, people and dense maps alike."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from edgepose.look.resize import resized
from edgepose.model import Kernel
from edgepose.skeleton import BODYPOSENET_18 as SKELETON
from edgepose.training.data.augment import (
    View,
    ViewOptions,
    draw_view,
    view_image,
    view_keypoints,
    view_maps,
    view_mask,
)
from edgepose.training.data.targets import TargetOptions, draw_heatmaps, draw_pafs
from edgepose.training.teacher.dense import mirror_maps, turn_maps

pytestmark = pytest.mark.torch
OPTIONS = TargetOptions()
KERNELS: tuple[Kernel, ...] = ("linear", "area", "halving", "cubic")


def person(x: float, y: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    keypoints = np.ones((1, 18, 3), np.float32)
    keypoints[0, :, :2] = rng.uniform(-60, 60, (18, 2)) + np.array((x, y))
    return keypoints


def maps_of(keypoints: np.ndarray, hw: tuple[int, int]) -> np.ndarray:
    parts = draw_heatmaps(keypoints, SKELETON, hw, OPTIONS), draw_pafs(keypoints, SKELETON, hw, OPTIONS)
    return np.concatenate(parts)


def angle_view(angle_deg: float, *, mirrored: bool) -> View:
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    linear = np.array([[c, s], [-s, c]]) @ np.diag((-1.0 if mirrored else 1.0, 1.0))
    middle = np.array([127.5, 127.5])
    return View(np.column_stack((linear, middle - linear @ (159.5, 159.5))), 256, mirrored)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle_deg", [0, 90, 180, 33, -120])
def test_moved_maps_are_the_maps_of_the_moved_person(angle_deg: float, mirrored: bool) -> None:
    keypoints = person(160, 160)
    view = angle_view(angle_deg, mirrored=mirrored)
    moved = view_maps(maps_of(keypoints, (320, 320)).astype(np.float16), (320, 320), view, SKELETON)
    drawn = maps_of(view_keypoints(keypoints, view, SKELETON), (256, 256))
    n_heatmaps = SKELETON.n_keypoints + 1
    keypoint_maps = slice(0, SKELETON.n_keypoints)  # the background has creases between people, which sampling softens
    assert np.abs(moved[keypoint_maps] - drawn[keypoint_maps]).max() < 0.08
    inside = np.abs(drawn[n_heatmaps:]) > 0.5  # PAFs have hard edges, which sampling softens
    agreement = (moved[n_heatmaps:] * drawn[n_heatmaps:])[inside]
    assert (agreement > 0).mean() > 0.97


def test_pixels_and_keypoints_move_together() -> None:
    image = np.zeros((320, 320, 3), np.uint8)
    image[98:103, 198:203] = 255
    keypoints = np.zeros((1, 18, 3), np.float32)
    keypoints[0, 0] = 200, 100, 1
    view = draw_view(np.random.default_rng(5), (180.0, 120.0), 0.5, ViewOptions(crop_px=192, any_angle=1))
    x, y = view_keypoints(keypoints, view, SKELETON)[0, 0, :2]
    seen = view_image(image, view, (0, 0, 0), "linear")[:, :, 0].astype(float)
    ys, xs = np.indices(seen.shape)
    assert (seen * xs).sum() / seen.sum() == pytest.approx(x, abs=0.6)
    assert (seen * ys).sum() / seen.sum() == pytest.approx(y, abs=0.6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_crop_for_training_looks_like_the_picture_at_run_time(kernel: Kernel) -> None:
    """An upright view of the whole picture is what the preprocessor makes of it, to the rounding of OpenCV's warp."""
    image = np.random.default_rng(0).integers(0, 256, (320, 320, 3), np.uint8)
    scale = 128 / 320
    shift = (scale - 1) / 2  # pixel centres: (x + 0.5) * scale - 0.5
    view = View(np.array([[scale, 0, shift], [0, scale, shift]]), 128, mirrored=False)
    crop, wanted = view_image(image, view, (0, 0, 0), kernel), resized(image, (128, 128), kernel)
    inside = np.abs(crop.astype(int) - wanted)[2:-2, 2:-2]
    assert inside.mean() < 1.5
    for other in set(KERNELS) - {kernel}:
        assert np.abs(crop.astype(int) - resized(image, (128, 128), other)).mean() > 5


def test_outside_the_picture_is_nobody() -> None:
    view = View(np.array([[1.0, 0, -300], [0, 1.0, -300]]), 64, mirrored=False)
    moved = view_maps(maps_of(person(160, 160), (320, 320)).astype(np.float16), (320, 320), view, SKELETON)
    assert moved[SKELETON.n_keypoints].min() == pytest.approx(1)
    assert np.abs(np.delete(moved, SKELETON.n_keypoints, 0)).max() == pytest.approx(0)


def test_mirroring_twice_and_turning_four_times_change_nothing() -> None:
    maps = np.random.default_rng(0).normal(size=(57, 6, 9)).astype(np.float32)
    assert np.allclose(mirror_maps(mirror_maps(maps, SKELETON), SKELETON), maps)
    turned = maps
    for _ in range(4):
        turned = turn_maps(turned, 1, SKELETON)
    assert np.allclose(turned, maps)


def test_a_quarter_turn_of_maps_is_the_view_by_ninety_degrees() -> None:
    keypoints = person(128, 128)
    turned = turn_maps(maps_of(keypoints, (256, 256)), 1, SKELETON)
    rotated = keypoints.copy()
    rotated[0, :, 0], rotated[0, :, 1] = keypoints[0, :, 1], 255 - keypoints[0, :, 0]
    assert np.allclose(turned, maps_of(rotated, (256, 256)), atol=1e-4)


def test_ignored_pixels_are_masked_where_they_land() -> None:
    mask = np.zeros((320, 320), bool)
    mask[:160] = True
    learned = view_mask(mask, View(np.array([[1.0, 0, 0], [0, 1.0, -32]]), 256, mirrored=False))
    assert not learned[:16].any() and learned[16:].all()


def test_a_squeezed_view_narrows_along_one_direction_and_shows_its_centre() -> None:
    options = ViewOptions(crop_px=256, any_angle=1.0, shift_px=0.0, squeeze=0.5)
    narrowest = []
    for seed in range(40):
        view = draw_view(np.random.default_rng(seed), (160, 120), 0.8, options)
        np.testing.assert_allclose(view.matrix @ (160, 120, 1), (127.5, 127.5))
        small, large = sorted(np.linalg.svd(view.matrix[:, :2])[1])
        assert large == pytest.approx(0.8)
        narrowest.append(small / large)
    assert 0.5 <= min(narrowest) < 0.6 and max(narrowest) > 0.9


def test_pixels_and_people_of_a_squeezed_view_stay_together() -> None:
    view = draw_view(np.random.default_rng(1), (160, 120), 1.0, ViewOptions(any_angle=1.0, squeeze=0.6))
    image = np.zeros((240, 320, 3), np.uint8)
    image[95:106, 165:176] = 255
    keypoints = np.ones((1, 18, 3), np.float32)
    keypoints[0, :, :2] = 170, 100
    seen = view_image(image, view, (0, 0, 0), "linear")[..., 0].astype(float)
    middle = [(seen.sum(axis) @ np.arange(256)) / seen.sum() for axis in (0, 1)]
    np.testing.assert_allclose(middle, view_keypoints(keypoints, view, SKELETON)[0, 0, :2], atol=0.5)
