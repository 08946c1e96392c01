"""Pictures that break while a run goes on: passed over with a warning, until too many follow one another."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")

from edgepose.errors import DataError  # noqa: E402
from edgepose.skeleton import BODYPOSENET_18  # noqa: E402
from edgepose.training.data.coco import SetOptions  # noqa: E402
from edgepose.training.data.dataset import DataOptions, PoseDataset  # noqa: E402
from edgepose.training.narrow.probe import probe_pictures  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def dataset(tmp_path: Path) -> PoseDataset:
    images = []
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((96, 128, 3), np.uint8))
        images.append({"id": len(images), "file_name": name, "width": 128, "height": 96})
    (tmp_path / "set.json").write_text(json.dumps({"images": images, "annotations": [], "categories": []}))
    one = SetOptions(annotations=str(tmp_path / "set.json"), images=str(tmp_path), labels="empty")
    return PoseDataset(DataOptions(sets=(one,)), BODYPOSENET_18)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def test_a_picture_that_breaks_does_not_end_training(tmp_path: Path, dataset: PoseDataset, caplog) -> None:
    cut(tmp_path / "a.png")
    assert len([dataset[index] for index in range(20)]) == 20
    assert "a.png' is cut off" in caplog.text


def test_a_disk_that_is_gone_does(tmp_path: Path, dataset: PoseDataset) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).unlink()
    with pytest.raises(DataError, match="is their disk still there"):
        dataset[0]


def test_pictures_to_probe_with_may_hold_a_broken_one(tmp_path: Path, dataset: PoseDataset, caplog) -> None:
    cut(tmp_path / "a.png")
    assert len(probe_pictures([tmp_path], 2)) == 1
    assert "a.png' is cut off" in caplog.text
    cut(tmp_path / "b.png")
    with pytest.raises(DataError, match="none of 2 pictures"):
        probe_pictures([tmp_path], 2)
