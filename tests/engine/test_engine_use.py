"""`engine use` switches the network of a device in one step, and back; and what root builds is the service's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from small_network import write_small
from test_gpu_by_default import Jetson, no_gpu

from edgepose import Pipeline
from edgepose.backends.in_use import chosen_model, in_use, in_use_file
from edgepose.cli import main
from edgepose.config import parse_config
from edgepose.device import engine_keeper
from edgepose.device.engine_keeper import EngineKeeper
from edgepose.engine.tensorrt.job import BuildRequest, build
from edgepose.errors import ModelError
from edgepose.model import model_path


@pytest.fixture
def jetson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jetson:
    return Jetson(tmp_path, monkeypatch)


def test_a_network_is_used_once_its_engine_is_there_and_the_one_before_comes_back(
    jetson: Jetson, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chosen_model("") == model_path(None)
    assert main(["engine", "use", str(jetson.onnx), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["engine"] == str(jetson.engine) and jetson.engine.is_file()
    assert chosen_model("") == jetson.onnx
    assert chosen_model("edgepose-nano") == model_path("edgepose-nano"), "what a configuration names comes first"
    other = write_small(jetson.folder, "other.onnx", seed=1)
    assert main(["engine", "use", str(other)]) == 0
    assert main(["engine", "use", "--back"]) == 0
    assert (chosen_model(""), in_use().before) == (jetson.onnx, str(other))


@pytest.mark.parametrize(
    ("words", "said"), [(["missing.onnx"], "found nothing at"), ([], "give a model to use, or --back")]
)
def test_what_cannot_be_used_changes_nothing(
    jetson: Jetson, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["engine", "use", *words]) == 1
    assert said in capsys.readouterr().err and not in_use_file().exists()


def test_without_a_gpu_the_network_is_switched_and_the_lack_is_said(jetson: Jetson, capsys: Any) -> None:
    no_gpu(jetson)
    assert main(["engine", "use", str(jetson.onnx)]) == 0
    assert "none built: no working NVIDIA GPU" in capsys.readouterr().out
    assert chosen_model("") == jetson.onnx


def test_a_damaged_note_is_a_sentence(jetson: Jetson) -> None:
    in_use_file().parent.mkdir(parents=True)
    in_use_file().write_text("{")
    with pytest.raises(ModelError, match="is damaged"):
        chosen_model("")


def test_a_service_takes_the_other_network_without_a_restart(
    jetson: Jetson, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(engine_keeper, "POLL_S", 0.05)
    assert main(["engine", "use", str(jetson.onnx)]) == 0
    config = parse_config('rules = []\n[[sources]]\nuri = "synthetic://?live=true&frames=0&width=96&height=64"\n')
    other = write_small(jetson.folder, "other.onnx", seed=1)
    with Pipeline(config, publishers=[]) as pipeline, EngineKeeper(pipeline, config, None):
        pipeline.start(to_caller=False)
        assert pipeline.network.backend.info.engine == str(jetson.engine)
        assert main(["engine", "use", str(other)]) == 0
        end = time.monotonic() + 20
        while pipeline.network.backend.info.engine != str(other.with_suffix(".engine")):
            assert time.monotonic() < end
            time.sleep(0.02)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give files to somebody else")


@needs_root
def test_what_root_builds_in_somebodys_folder_is_theirs(jetson: Jetson) -> None:
    os.chown(jetson.folder, 4711, 4712)
    build(BuildRequest(model=str(jetson.onnx), engine=str(jetson.engine)))
    for name in ("small.engine", "small.engine.json", ".small.engine.lock"):
        facts = (jetson.folder / name).stat()
        assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o777) == (4711, 4712, 0o600), name


AS_SOMEBODY = """
import os, sys
from pathlib import Path
import fake_tensorrt
from fake_memory import FakeMemory
from edgepose.engine.tensorrt.job import BuildRequest, build
def request(folder):
    return BuildRequest(model=sys.argv[1], engine=str(Path(folder) / "small.engine"))
trt = fake_tensorrt.make("10.3")
build(request(sys.argv[2]), FakeMemory, None, trt)  # loads whatever the other user may not read
os.setgroups([]); os.setgid(4711); os.setuid(4711)
os.environ["STATE_DIRECTORY"] = sys.argv[3] + "/state"
build(request(sys.argv[3]), FakeMemory, None, trt)
"""


@needs_root
def test_a_timing_cache_of_another_user_is_left_alone_without_a_word(jetson: Jetson) -> None:
    """In a folder that everybody may write to, as /tmp is, where a cache is root's."""
    (jetson.folder / "first").mkdir()
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder)
        model = write_small(shared)
        cache = shared / "small.engine.timing"
        cache.write_bytes(b"timing")
        cache.chmod(0o600)
        shared.chmod(0o1777)
        command = [sys.executable, "-c", AS_SOMEBODY, str(model), str(jetson.folder / "first"), folder]
        paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        told = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths})
        assert told.returncode == 0, told.stderr
        assert cache.read_bytes() == b"timing" and (shared / "small.engine").stat().st_uid == 4711
