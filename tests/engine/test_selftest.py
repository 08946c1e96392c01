"""`edgepose selftest`: every step runs on fakes; where there is no GPU the report says which were skipped, and why."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import fake_tensorrt
import numpy as np
import onnx
import pytest
from fake_memory import FakeMemory
from small_network import pictures_like, small_network, write_small
from test_pictures import scene, write
from test_quantise import ranges_of

from edgepose.backends import BackendOptions, open_backend
from edgepose.backends.tensorrt import TensorRtBackend
from edgepose.cli import main
from edgepose.device import selftest as module
from edgepose.engine.int8.quantise import quantised
from edgepose.engine.onnx.plain import plain
from edgepose.engine.tensorrt.job import _batches, build
from edgepose.errors import EdgePoseError
from edgepose.model import load_spec, save_spec


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both models and pictures, and a machine whose TensorRT and memory are fakes."""
    trt = fake_tensorrt.make("10.3")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setitem(sys.modules, "tensorrt", trt)

    def open_fake(path: Path, options: BackendOptions, spec: Any) -> Any:
        if path.suffix != ".engine":
            return open_backend(path, options, spec)
        return TensorRtBackend(path, spec, options, FakeMemory)

    monkeypatch.setattr(module, "build", lambda request: build(request, memory=FakeMemory, trt=trt))
    monkeypatch.setattr(module, "open_backend", open_fake)
    path = write_small(tmp_path)
    model = plain(small_network())
    onnx.save(
        quantised(model, ranges_of(model, pictures_like(np.random.default_rng(0)))), str(tmp_path / "small.int8.onnx")
    )
    save_spec(load_spec(path), tmp_path / "small.int8.onnx")
    (tmp_path / "pictures").mkdir()
    write(tmp_path / "pictures", [scene(k) for k in range(2)])
    return tmp_path


def test_every_step_is_measured(board: Path) -> None:
    pictures = sorted((board / "pictures").iterdir())
    report = module.selftest(board / "small.onnx", board / "small.int8.onnx", pictures, n_runs=3)
    assert {step.name: step.status for step in report.steps if step.name != "int8 against fp16"} == {
        "board": "ok",
        "build fp16": "ok",
        "build int8": "ok",
        "fp16 against onnxruntime": "ok",
        "speed fp16": "ok",
        "speed int8": "ok",
    }
    speed = next(step for step in report.steps if step.name == "speed int8")
    assert speed.figures["fps"] > 0


def test_a_step_that_fails_does_not_end_the_others(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise EdgePoseError("cosine .5 (wanted .999)")

    monkeypatch.setattr(module, "compare", broken)
    pictures = sorted((board / "pictures").iterdir())
    report = module.selftest(board / "small.onnx", None, pictures, n_runs=3)
    status = {step.name: step.status for step in report.steps}
    assert status["fp16 against onnxruntime"] == "failed"
    assert status["speed fp16"] == "ok"
    assert not report.passed


def test_without_a_gpu_the_report_says_what_was_skipped(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    path = write_small(tmp_path)
    (tmp_path / "pictures").mkdir()
    write(tmp_path / "pictures", [scene(0)])
    words = ["selftest", "--model", str(path), "--images", str(tmp_path / "pictures"), "-o", str(tmp_path / "out.json")]
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert "skipped  build fp16" in out
    assert "no engine could run here" in err
    written = json.loads((tmp_path / "out.json").read_text())
    assert [step["status"] for step in written["steps"]] == ["ok", "skipped", "skipped", "skipped"]


def test_a_broken_picture_of_the_folder_is_left_out(board: Path, capsys: Any) -> None:
    (board / "pictures" / "0.jpg").write_bytes(b"no picture")
    words = ["selftest", "--model", str(board / "small.onnx"), "--images", str(board / "pictures"), "--runs", "3"]
    main([*words, "-o", str(board / "out.json"), "--json"])
    steps = {step["name"]: step for step in json.loads(capsys.readouterr().out)["steps"]}
    assert steps["fp16 against onnxruntime"]["status"] == "ok"
    for path in (board / "pictures").iterdir():
        path.write_bytes(b"no picture")
    assert main(words) == 1
    assert "no picture in" in capsys.readouterr().err


def test_a_broken_picture_ends_no_build(board: Path) -> None:
    (board / "pictures" / "0.jpg").write_bytes(b"no picture")
    spec = load_spec(board / "small.onnx")
    assert len(list(_batches(board / "pictures", spec, spec.input_hw))) == 2
