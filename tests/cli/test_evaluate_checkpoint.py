"""evaluate takes a training checkpoint through the same door."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from edgepose.cli import main

pytestmark = pytest.mark.torch


@pytest.fixture
def data_set(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((64, 96, 3), np.uint8))
    person = {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "num_keypoints": 17, "area": 9.0,
              "bbox": [0, 0, 3, 3], "keypoints": [5, 5, 2] * 17}  # fmt: skip
    truth = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [person],
        "categories": [{"id": 1, "name": "person"}],
    }
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    return ["--annotations", str(tmp_path / "truth.json"), "--images", str(tmp_path)]


def test_a_checkpoint_is_run_by_torch(data_set, tmp_path, capsys):
    pytest.importorskip("torch")
    from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork
    from edgepose.training.weights import checkpoint

    network = PoseNetwork(NetworkOptions())
    content = {"network": checkpoint.describe(network), "ema": network.state_dict()}
    checkpoint.save(tmp_path / "best.pt", content)
    assert main(["evaluate", str(tmp_path / "best.pt"), *data_set, "--height", "64", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["images"] == 1 and report["backend"].startswith("torch")
    assert 0 <= report["AP"] <= 1


def test_a_file_that_is_no_checkpoint_is_told(data_set, tmp_path, capsys):
    pytest.importorskip("torch")
    (tmp_path / "best.pt").write_text("no checkpoint")
    assert main(["evaluate", str(tmp_path / "best.pt"), *data_set]) == 1
    assert "is not a checkpoint" in capsys.readouterr().err
