"""Fields drawn from people: Gaussians at the keypoints, directions along the limbs."""

from __future__ import annotations

import numpy as np
import pytest
from builders import lying, only, standing

from edgepose.decode.render import render_fields, render_heatmaps
from edgepose.skeleton import BODYPOSENET_18
from edgepose.training.data.targets import TargetOptions, draw_heatmaps, draw_pafs

NECK, HIP = BODYPOSENET_18.index("neck"), BODYPOSENET_18.index("r_hip")


def one_limb(neck: tuple[float, float], hip: tuple[float, float], score: float = 0.8) -> np.ndarray:
    person = only(standing(), "neck", "r_hip")
    person[NECK], person[HIP] = (*neck, score), (*hip, score)
    return person


def test_the_cell_under_a_keypoint_is_as_high_as_its_score():
    maps = render_heatmaps([one_limb((35.5, 27.5), (35.5, 60))], (64, 64), 18, 8)
    assert maps[NECK, 3, 4] == pytest.approx(0.8)


def test_one_sigma_away_it_falls_as_a_gaussian_does():
    maps = render_heatmaps([one_limb((35.5 - 7, 27.5), (35.5, 60))], (64, 64), 18, 8)
    assert maps[NECK, 3, 4] == pytest.approx(0.8 * np.exp(-0.5))


def test_background_is_what_no_keypoint_claims():
    maps = render_heatmaps([one_limb((35.5, 27.5), (35.5, 60))], (64, 64), 18, 8)
    assert maps[-1] == pytest.approx(1 - maps[:-1].max(0))


def test_a_paf_points_from_start_to_end_and_ends_eight_pixels_away():
    fields = render_fields([one_limb((35.5, 11.5), (35.5, 51.5))], (64, 64))
    x_channel, y_channel = BODYPOSENET_18.paf_channels[BODYPOSENET_18.limbs.index((NECK, HIP))]
    assert fields.pafs[y_channel, 3, 3:6] == pytest.approx([0.8, 0.8, 0.8])
    assert fields.pafs[y_channel, 3, [2, 6]] == pytest.approx([0, 0])
    assert not fields.pafs[x_channel].any()


def test_where_two_limbs_cross_their_directions_are_averaged():
    down, up = one_limb((35.5, 11.5), (35.5, 51.5), 0.8), one_limb((35.5, 51.5), (35.5, 11.5), 0.4)
    fields = render_fields([down, up], (64, 64))
    y_channel = BODYPOSENET_18.paf_channels[BODYPOSENET_18.limbs.index((NECK, HIP))][1]
    assert fields.pafs[y_channel, 3, 4] == pytest.approx(0.2)


def test_an_absent_keypoint_is_not_drawn():
    maps = render_heatmaps([only(standing(), "nose")], (256, 256), 18, 8)
    assert not maps[NECK].any()


def test_each_stride_gets_its_own_size():
    fields = render_fields([standing()], (256, 448), heatmap_stride=8, paf_stride=2)
    assert (fields.heatmaps.shape, fields.pafs.shape) == ((19, 32, 56), (38, 128, 224))


def test_what_is_decoded_is_what_is_learnt():
    people = np.stack([standing(score=1), lying(score=1)])
    fields = render_fields(list(people), (256, 448))
    heatmaps = draw_heatmaps(people, BODYPOSENET_18, (256, 448), TargetOptions())
    pafs = draw_pafs(people, BODYPOSENET_18, (256, 448), TargetOptions())
    assert fields.heatmaps == pytest.approx(heatmaps, abs=1e-3)
    assert fields.pafs == pytest.approx(pafs, abs=1e-3)
