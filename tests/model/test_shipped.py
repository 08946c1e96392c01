"""Networks that come with EdgePose are found by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgepose import PoseEstimator
from edgepose.cli import main
from edgepose.errors import ModelError
from edgepose.model import load_spec, model_path, shipped_model, shipped_models


def test_every_shipped_network_has_a_name_and_a_sidecar() -> None:
    assert {"edgepose-lite", "edgepose-lite-clean", "edgepose-nano", "edgepose-nano-clean", "edgepose-base"} <= set(
        shipped_models()
    )
    assert {"edgepose-lite.int8", "edgepose-lite-clean.int8"} <= set(shipped_models())
    for name in shipped_models():
        assert model_path(name) == shipped_model(name)
        assert load_spec(model_path(name)).keypoint_skeleton.n_keypoints == 18


def test_nothing_named_is_the_default() -> None:
    assert model_path(None) == model_path("") == shipped_model("edgepose-lite")


def test_its_contract_is_shown_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "check", "edgepose-lite"]) == 0
    assert "edgepose-lite.onnx" in capsys.readouterr().out


def test_a_file_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert model_path("edgepose-lite").is_file()
    Path("edgepose-lite").write_bytes(b"")
    assert model_path("edgepose-lite") == Path("edgepose-lite")


def test_other_words_are_paths() -> None:
    assert model_path("pose.onnx") == Path("pose.onnx")
    assert model_path("models/edgepose-lite") == Path("models/edgepose-lite")
    with pytest.raises(ModelError, match="no network"):
        shipped_model("edgepose-huge")
    with pytest.raises(ModelError, match="nothing at edgepose-huge; networks that come with EdgePose: edgepose-base"):
        load_spec("edgepose-huge")


@pytest.mark.parametrize("name", shipped_models())
def test_each_sees_nobody_in_a_plain_picture(name: str) -> None:
    pytest.importorskip("openvino")
    estimator = PoseEstimator(name)
    assert estimator(np.full((240, 320, 3), 90, np.uint8)) == []
