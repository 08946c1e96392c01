"""People put into places: their keypoints go along with their pixels, and what is covered is labelled as covered."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.errors import DataError
from research.pasted.cutout import CutOut, cut_out
from research.pasted.paste import cover, paste
from research.pasted.sources import place_in, read_sets

BODY = np.array([
    (50, 12), (53, 9), (47, 9), (57, 12), (43, 12), (66, 40), (34, 40), (74, 70), (26, 70), (78, 98), (22, 98),
    (60, 100), (40, 100), (61, 145), (39, 145), (62, 190), (38, 190),
], float)  # fmt: skip
LIMBS = ((0, 5), (0, 6), (5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16))
LEFT = (200, 40, 40)
"""BGR of the person's own left side, which is to the right in the picture; the other side is red."""


def person() -> CutOut:
    """Somebody upright, 100x200 px, blue on their left side and red on their right."""
    picture, alpha = np.zeros((200, 100, 3), np.uint8), np.zeros((200, 100), np.uint8)
    for a, b in LIMBS:
        cv2.line(alpha, *(tuple(map(int, BODY[k])) for k in (a, b)), 255, 16)
    cv2.fillConvexPoly(alpha, BODY[[5, 6, 12, 11]].astype(int), 255)
    cv2.circle(alpha, (50, 12), 12, 255, -1)
    picture[:, :50], picture[:, 50:] = (40, 40, 200), LEFT
    keypoints = np.column_stack((BODY, np.full(17, 2.0)))
    return CutOut(picture, (alpha / 255).astype(np.float32), keypoints, lies=False)


def pasted_many(n: int = 40):
    place = np.full((480, 640, 3), 120, np.uint8)
    for seed in range(n):
        rng = np.random.default_rng(seed)
        picture = place.copy()
        one = paste(picture, person(), rng, np.zeros((480, 640), np.float32))
        if one is not None:
            yield rng, place, picture, one


def test_keypoints_lie_on_the_pixels_that_were_drawn() -> None:
    n, n_on = 0, 0
    for _, place, picture, one in pasted_many():
        seen = one.keypoints[one.keypoints[:, 2] > 0, :2].round().astype(int).clip(0, (639, 479))
        n += len(seen)
        n_on += int((one.alpha[seen[:, 1], seen[:, 0]] > 0.3).sum())
        assert (picture != place)[one.alpha > 0.9].any(1).mean() > 0.9
    assert n > 300
    assert n_on > 0.97 * n


def test_left_stays_left_also_when_mirrored_and_turned() -> None:
    """The side whose keypoints are the left ones keeps a left person's colour only where nothing is mirrored."""
    sides = {False: 0, True: 0}
    for _, _, _, one in pasted_many(60):
        known = one.keypoints[:, 2] > 0
        shoulders, hips = [5, 6], [11, 12]
        if not known[[*shoulders, *hips]].all():
            continue
        across = one.keypoints[5, :2] - one.keypoints[6, :2]
        down = one.keypoints[hips, :2].mean(0) - one.keypoints[shoulders, :2].mean(0)
        sides[bool(across[0] * down[1] - across[1] * down[0] > 0)] += 1
    assert sides[True] > 20
    assert sides[False] == 0  # seen from the front, the left shoulder is to the right whichever way somebody is turned


def test_what_is_covered_is_labelled_so_and_no_longer_counts_as_seen() -> None:
    n_covered = 0
    for rng, place, picture, one in pasted_many(60):
        behind = cover(picture, place, one, rng)
        if behind is None:
            continue
        hidden = behind.keypoints[:, 2] == 1
        n_covered += int(hidden.sum())
        at = behind.keypoints[hidden, :2].round().astype(int).clip(0, (639, 479))
        assert (behind.alpha[at[:, 1], at[:, 0]] < 0.6).all()
        assert behind.alpha.sum() < one.alpha.sum()
        assert np.array_equal(behind.keypoints[:, :2], one.keypoints[:, :2])
    assert n_covered > 30


class _Mask:
    """A network that sees a disc wherever it looks."""

    def __init__(self, centre: tuple[int, int], radius: int) -> None:
        self.centre, self.radius = centre, radius

    def alpha(self, picture: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
        out = np.zeros(picture.shape[:2], np.float32)
        cv2.circle(out, self.centre, self.radius, 1.0, -1)
        return out


@pytest.mark.parametrize(
    ("mask", "taken"),
    [(_Mask((150, 150), 120), True), (_Mask((150, 60), 40), False), (_Mask((150, 150), 300), False)],
    ids=["holds the keypoints", "beside most of them", "reaches the picture's edge"],
)
def test_only_who_fits_their_mask_is_cut_out(mask: _Mask, taken: bool) -> None:
    fused = np.column_stack((BODY + np.array((100, 50)), np.full(17, 0.9)))
    found = cut_out(np.zeros((300, 300, 3), np.uint8), fused, mask)  # type: ignore[arg-type]
    assert (found is not None) is taken
    if found is not None:
        assert found.length == pytest.approx(np.hypot(16, 181), abs=6)


def test_a_place_is_a_part_of_a_picture_in_which_nobody_is(tmp_path: Path) -> None:
    picture = np.zeros((400, 800, 3), np.uint8)
    picture[100:300, 50:250] = 255
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    image = {"id": 1, "file_name": str(tmp_path / "a.png"), "source": "s", "licence": "CC0"}
    row = {"image_id": 1, "bbox": [50, 100, 200, 200], "iscrowd": 0}
    (tmp_path / "set.json").write_text(json.dumps({"images": [image], "annotations": [row]}))
    (labelled,) = read_sets([tmp_path / "set.json"])
    places = [place_in(labelled, np.random.default_rng(seed)) for seed in range(20)]
    assert sum(place is not None for place in places) > 5
    assert all(place.max() == 0 for place in places if place is not None)


def test_a_file_that_is_no_set_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(DataError, match=r"a\.json"):
        read_sets([tmp_path / "a.json"])
