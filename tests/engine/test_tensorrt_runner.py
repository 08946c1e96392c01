"""The TensorRT backend against every version's names, on memory that only moves bytes when a stream is waited for."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import fake_tensorrt
import numpy as np
import pytest
from fake_memory import FakeMemory
from small_network import SPEC, pictures_like, run, small_network, write_small

from edgepose.backends import BackendOptions, open_backend
from edgepose.backends.engine_file import StaleEngineError, read_genuine
from edgepose.backends.tensorrt import TensorRtBackend
from edgepose.engine.tensorrt.job import BuildRequest, build
from edgepose.engine.tensorrt.options import BuildOptions
from edgepose.errors import BackendError, ClosedError, ModelError, ShapeError
from edgepose.model import load_spec


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))


def engine_of(folder: Path, trt: Any, max_batch: int = 2, pixels: bool = False, **words: Any) -> Path:
    request = BuildRequest(
        model=str(write_small(folder, **words)),
        engine=str(folder / "small.engine"),
        options=BuildOptions(precision="fp32", max_batch=max_batch, pixels=pixels),
    )
    return Path(build(request, memory=FakeMemory, trt=trt).engine)


class Opened:
    """A backend on fakes, and the memory it uses."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, version: str = "10.3", **options: Any) -> None:
        trt = fake_tensorrt.make(version)
        monkeypatch.setitem(sys.modules, "tensorrt", trt)
        self.memory = FakeMemory()
        self.engine = engine_of(folder, trt)
        self.backend = TensorRtBackend(self.engine, SPEC, BackendOptions(**options), lambda: self.memory)


@pytest.mark.parametrize("n", [1, 3, 4, 9])
def test_a_graph_of_four_pictures_is_built_for_four_and_always_given_four(
    tmp_path: Path, monkeypatch: Any, n: int
) -> None:
    trt = fake_tensorrt.make("10.3")
    monkeypatch.setitem(sys.modules, "tensorrt", trt)
    engine, memory = engine_of(tmp_path, trt, batch=4), FakeMemory()
    assert read_genuine(engine)[1].key.max_batch == 4
    with closing(TensorRtBackend(engine, load_spec(engine), BackendOptions(), lambda: memory)) as backend:
        batch = pictures_like(np.random.default_rng(n), n)
        for _ in range(2):
            for exact, mine in zip(run(small_network(), batch), backend.infer(batch), strict=True):
                np.testing.assert_allclose(mine, exact, atol=1e-5)
    assert memory.alive == 0


@pytest.mark.parametrize("version", fake_tensorrt.VERSIONS)
@pytest.mark.parametrize("n", [1, 2, 5])
def test_any_batch_gives_what_the_network_gives(tmp_path: Path, monkeypatch: Any, version: str, n: int) -> None:
    opened = Opened(tmp_path, monkeypatch, version)
    batch = pictures_like(np.random.default_rng(n), n)
    for _ in range(2):  # the second time all buffers are used again
        found = opened.backend.infer(batch)
        for exact, mine in zip(run(small_network(), batch), found, strict=True):
            np.testing.assert_allclose(mine, exact, atol=1e-5)
    opened.backend.close()
    assert opened.memory.alive == 0
    assert opened.memory.closed


def test_a_batch_beyond_the_engines_takes_turns_on_two_lanes(tmp_path: Path, monkeypatch: Any) -> None:
    opened = Opened(tmp_path, monkeypatch)
    opened.backend.infer(pictures_like(np.random.default_rng(0), 6))
    streams = [copy.split()[1] for copy in opened.memory.copies if copy.startswith("in")]
    assert len(streams) == 3
    assert streams[0] == streams[2] != streams[1]


def test_mapped_memory_needs_no_copies(tmp_path: Path, monkeypatch: Any) -> None:
    opened = Opened(tmp_path, monkeypatch, mapped_memory=True)
    batch = pictures_like(np.random.default_rng(0), 2)
    np.testing.assert_allclose(opened.backend.infer(batch)[0], run(small_network(), batch)[0], atol=1e-5)
    assert opened.memory.copies == []


def test_another_thread_may_close_and_then_use_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    opened = Opened(tmp_path, monkeypatch)
    closer = threading.Thread(target=opened.backend.close)
    closer.start()
    closer.join()
    opened.backend.close()
    with pytest.raises(ClosedError):
        opened.backend.infer(pictures_like(np.random.default_rng(0)))


def test_use_after_a_fork_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    opened = Opened(tmp_path, monkeypatch)
    real = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: real + 1)
    with pytest.raises(BackendError, match="before a fork"):
        opened.backend.infer(pictures_like(np.random.default_rng(0)))
    opened.backend.close()
    assert not opened.memory.closed  # it is the parent's


def test_another_size_than_the_engines_is_told(tmp_path: Path, monkeypatch: Any) -> None:
    opened = Opened(tmp_path, monkeypatch)
    with pytest.raises((BackendError, ShapeError), match="32x48"):
        opened.backend.infer(np.zeros((1, 3, 64, 48), np.float32))


def test_an_engine_of_another_tensorrt_is_stale_and_never_deserialised(tmp_path: Path, monkeypatch: Any) -> None:
    engine = engine_of(tmp_path, fake_tensorrt.make("10.3"))
    newer = fake_tensorrt.make("10.13")
    newer.Runtime = None  # deserialising would fail on this
    monkeypatch.setitem(sys.modules, "tensorrt", newer)
    memory = FakeMemory()
    with pytest.raises(StaleEngineError, match=r"built for tensorrt 10\.3\.0, this device has 10\.13"):
        TensorRtBackend(engine, SPEC, BackendOptions(), lambda: memory)
    assert memory.closed


def test_a_foreign_engine_is_refused_before_the_gpu_is_opened(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", fake_tensorrt.make("10.3"))
    engine = tmp_path / "small.engine"
    engine.write_bytes(b"from somewhere")

    def no_gpu() -> Any:
        raise AssertionError("the GPU was opened for a foreign file")

    with pytest.raises(ModelError, match="nobody can tell who built it"):
        TensorRtBackend(engine, SPEC, BackendOptions(), no_gpu)


def test_without_a_gpu_the_onnx_beside_the_engine_runs_and_says_so(
    tmp_path: Path, monkeypatch: Any, caplog: Any
) -> None:
    engine = engine_of(tmp_path, fake_tensorrt.make("10.3"))
    monkeypatch.setitem(sys.modules, "tensorrt", None)  # import fails
    backend = open_backend(engine)
    assert backend.info.name in ("openvino", "onnxruntime")
    assert "TensorRT cannot run here" in caplog.text
    backend.close()
