"""Picture sets that are no good are refused with the count and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgepose.engine.int8.options import PictureOptions
from edgepose.engine.int8.pictures import difference_hash, divide, gather, spread
from edgepose.errors import EdgePoseError

FEW = PictureOptions(min_pictures=8)


def silent(things: Any, n: int, what: str) -> Any:
    return things


def scene(seed: int) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8)
    return cv2.resize(small, (64, 48), interpolation=cv2.INTER_CUBIC)


def write(folder: Path, images: list[np.ndarray]) -> Path:
    for k, image in enumerate(images):
        cv2.imwrite(str(folder / f"{k:03}.png"), image)
    return folder


def test_good_pictures_are_divided_without_overlap(tmp_path: Path) -> None:
    found = gather(write(tmp_path, [scene(k) for k in range(20)]), FEW, silent)
    assert (len(found.calibrate), len(found.judge)) == (16, 4)
    assert not {p.path for p in found.calibrate} & {p.path for p in found.judge}
    assert len({p.sha256 for p in found.calibrate}) == 16


def test_unreadable_pictures_among_good_ones_are_left_out_counted_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, [scene(k) for k in range(12)])
    (tmp_path / "000a.jpg").write_bytes(b"no picture")
    (tmp_path / "000b.png").write_bytes((tmp_path / "001.png").read_bytes()[:200])
    (tmp_path / "000c.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(4) + b"mif1heic")
    assert gather(tmp_path, FEW, silent).unreadable == 3
    assert all(name in caplog.text for name in ("000a.jpg", "000b.png", "000c.heic' is"))


@pytest.mark.parametrize(
    ("name", "images", "words"),
    [
        ("too few", [scene(k) for k in range(5)], "at least 8 different pictures.*has 5"),
        ("one scene", [scene(0)] * 20, "19 of 20 pictures .* repeat an earlier one"),
        ("blank", [np.full((48, 64, 3), k, np.uint8) for k in range(20)], "20 of 20 pictures .* are blank"),
    ],
)
def test_bad_sets_are_refused(tmp_path: Path, name: str, images: list[np.ndarray], words: str) -> None:
    with pytest.raises(EdgePoseError, match=words):
        gather(write(tmp_path, images), FEW, silent)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgePoseError, match="no pictures"):
        gather(tmp_path, FEW, silent)


def test_noise_of_a_still_camera_makes_no_new_picture() -> None:
    noise = np.random.default_rng(9).integers(-3, 4, (48, 64, 3))
    noisy = np.clip(scene(1) + noise, 0, 255).astype(np.uint8)
    assert (difference_hash(scene(1)) ^ difference_hash(noisy)).bit_count() <= 2
    assert (difference_hash(scene(1)) ^ difference_hash(scene(2))).bit_count() > 10


def test_a_large_folder_is_sampled_from_end_to_end() -> None:
    assert spread(list(range(100)), 4) == [0, 33, 66, 99]
    assert spread([1, 2], 5) == [1, 2]


def test_judging_pictures_are_spread_and_bounded() -> None:
    _, judging = divide(list(range(1000)), PictureOptions(max_held_out=5))
    assert judging == [0, 250, 500, 749, 999]
