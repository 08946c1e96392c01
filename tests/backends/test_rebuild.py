"""A stale engine is built again in a child process; here the child is looked at, not waited for."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edgepose.backends import rebuild
from edgepose.backends.engine_file import EngineKey
from edgepose.cli import main

KEY = EngineKey(
    model_sha256="a",
    tensorrt="10.3.0",
    gpu="Orin",
    compute_capability="8.7",
    jetpack="",
    precision="int8",
    input_hw=(224, 320),
    max_batch=2,
)


def test_the_command_asks_for_an_engine_like_the_stale_one(tmp_path: Path) -> None:
    words = rebuild.rebuild_command(tmp_path / "pose.engine", KEY)
    assert words[1:4] == ["-m", "edgepose", "build"]
    assert words[4:] == [
        *(str(tmp_path / "pose.onnx"), "-o", str(tmp_path / "pose.engine")),
        *("--precision", "int8", "--size", "224x320", "--max-batch", "2", "--float-input"),
    ]
    assert "--float-input" not in rebuild.rebuild_command(
        tmp_path / "pose.engine", msgspec.structs.replace(KEY, pixels=True)
    )


def test_dla_and_cache_are_asked_for_again(tmp_path: Path) -> None:
    key = msgspec.structs.replace(KEY, dla=1, calibration_sha256="c")
    words = rebuild.rebuild_command(tmp_path / "pose.engine", key)
    assert words[-4:] == ["--dla", "1", "--calibration", str(tmp_path / "pose.cache")]


def test_the_command_is_one_that_edgepose_understands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(rebuild.rebuild_command(tmp_path / "pose.engine", KEY)[3:]) == 1  # there is no such model
    assert "pose.onnx" in capsys.readouterr().err


def test_the_child_writes_to_a_log_beside_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    class Child:
        pid = 7

        def __init__(self, command: list[str], **words: Any) -> None:
            started.append((command, words))

    monkeypatch.setattr(subprocess, "Popen", Child)
    assert rebuild.start_rebuild(tmp_path / "pose.engine", KEY) is not None
    command, words = started[0]
    assert command[:3] == ["nice", "-n", "10"]
    assert words["start_new_session"]
    assert (tmp_path / "pose.engine.log").exists()


def test_a_folder_that_cannot_be_written_is_a_warning_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert rebuild.start_rebuild(tmp_path / "missing" / "pose.engine", KEY) is None
    assert "cannot rebuild" in caplog.text
