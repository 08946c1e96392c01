"""A device runs its engine, with every TensorRT; where it cannot, the CPU runs the same network and nobody is left in
the dark about it."""

from __future__ import annotations

import logging
import os
import sys
import types
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import fake_pycuda
import fake_tensorrt
import msgspec
import numpy as np
import onnx
import pytest
from small_network import SPEC, pictures_like, ranges_of, small_network, write_small

from edgepose.backends import Backend, device_key, on_gpu, open_backend
from edgepose.backends.engine_file import EngineSidecar, read_genuine, sidecar_of
from edgepose.backends.engine_place import engine_size
from edgepose.config import Config, parse_config
from edgepose.engine.int8.quantise import quantised
from edgepose.engine.onnx.plain import plain
from edgepose.engine.tensorrt.plan import build_planned
from edgepose.errors import BackendError, FileError
from edgepose.files import write_atomically
from edgepose.model import save_spec
from edgepose.pipeline.opening import open_network

VERSIONS = ("8.6", "10.3", "10.16", "11.4")
WRITING = "edgepose.engine.tensorrt.files.write_together"


class Jetson:
    """A simulated board: TensorRT and CUDA in host memory, a state folder, and a model with its INT8 form."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, version: str = "10.3") -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.state = folder / "state"
        monkeypatch.setenv("STATE_DIRECTORY", str(self.state))
        monkeypatch.setattr(device_key, "DEVICE_KEY", folder / "none" / "engine.key")
        self.driver = fake_pycuda.install(monkeypatch)
        self.take(version)
        self.onnx = write_small(folder)
        model = plain(small_network())
        onnx.save(quantised(model, ranges_of(model, pictures_like(np.random.default_rng(0)))), self.int8)
        save_spec(SPEC, self.int8)
        self.engine = folder / "small.engine"

    @property
    def int8(self) -> Path:
        return self.folder / "small.int8.onnx"

    @property
    def config(self) -> Config:
        return parse_config(f'[model]\npath = "{self.onnx}"\n[[sources]]\nuri = "synthetic://"\n')

    def take(self, version: str) -> None:
        self.trt = fake_tensorrt.make(version)
        self.monkeypatch.setitem(sys.modules, "tensorrt", self.trt)

    def open(self) -> Backend:
        return open_network(self.config, None).backend


@pytest.fixture
def jetson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jetson:
    return Jetson(tmp_path, monkeypatch)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_engine_that_was_built_for_a_configuration_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    jetson = Jetson(tmp_path, monkeypatch, version)
    built = build_planned(jetson.config)
    assert (built.key.precision, built.key.max_batch) == ("int8", 1)
    with closing(jetson.open()) as backend, caplog.at_level(logging.WARNING):
        assert (backend.info.name, backend.info.precision) == ("tensorrt", "int8")
        assert (backend.info.engine, backend.info.why) == (str(jetson.engine), "")
        assert np.isfinite(backend.infer(np.zeros((1, *SPEC.input_hw, 3), np.uint8))[0]).all()
    assert not caplog.records


def test_int8_that_tensorrt_refuses_becomes_fp16_and_is_said(
    jetson: Jetson, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    parse = jetson.trt.OnnxParser.parse

    def refusing(self: Any, data: bytes) -> bool:
        return bool(self._refuse("no such scales") if b"QuantizeLinear" in data else parse(self, data))

    monkeypatch.setattr(jetson.trt.OnnxParser, "parse", refusing)
    assert build_planned(jetson.config).key.precision == "fp16"
    assert "no INT8 engine" in caplog.text and "no such scales" in caplog.text
    assert jetson.open().info.precision == "fp16"


def nothing(jetson: Jetson) -> None: ...


def remove(jetson: Jetson) -> None:
    jetson.engine.unlink()


def other_tensorrt(jetson: Jetson) -> None:
    jetson.take("10.16")


def foreign_key(jetson: Jetson) -> None:
    (jetson.state / "engine.key").write_bytes(b"k" * 32)


def other_gpu(jetson: Jetson) -> None:
    jetson.monkeypatch.setattr(fake_pycuda.Gpu, "name", lambda self: "Thor")


def flip(jetson: Jetson) -> None:
    data = bytearray(jetson.engine.read_bytes())
    data[len(data) // 2] ^= 1
    jetson.engine.write_bytes(data)


def truncate(jetson: Jetson) -> None:
    os.truncate(jetson.engine, jetson.engine.stat().st_size // 2)


def empty(jetson: Jetson) -> None:
    os.truncate(jetson.engine, 0)


def damage_sidecar(jetson: Jetson) -> None:
    sidecar_of(jetson.engine).write_bytes(b'{"key": \xff')


def no_sidecar(jetson: Jetson) -> None:
    sidecar_of(jetson.engine).unlink()


def folder(jetson: Jetson) -> None:
    jetson.engine.unlink()
    jetson.engine.mkdir()


def pipe(jetson: Jetson) -> None:
    jetson.engine.unlink()
    os.mkfifo(jetson.engine, 0o600)


def link(jetson: Jetson) -> None:
    jetson.engine.rename(jetson.folder / "elsewhere")
    jetson.engine.symlink_to(jetson.folder / "elsewhere")


def writable_by_others(jetson: Jetson) -> None:
    jetson.engine.chmod(0o666)


def no_pycuda(jetson: Jetson) -> None:
    for name in ("pycuda", "pycuda.driver"):
        jetson.monkeypatch.setitem(sys.modules, name, None)


def broken_pycuda(jetson: Jetson) -> None:
    """As one that was built against another numpy."""
    package = types.ModuleType("pycuda")
    package.__path__ = [str(jetson.folder / "site" / "pycuda")]  # type: ignore[attr-defined]
    (jetson.folder / "site" / "pycuda").mkdir(parents=True)
    (jetson.folder / "site" / "pycuda" / "driver.py").write_text("raise RuntimeError('numpy.dtype size changed')\n")
    jetson.monkeypatch.setitem(sys.modules, "pycuda", package)
    jetson.monkeypatch.delitem(sys.modules, "pycuda.driver")


def no_gpu(jetson: Jetson) -> None:
    def init() -> None:
        raise fake_pycuda.CudaError("no CUDA-capable device is detected")

    jetson.monkeypatch.setattr(jetson.driver, "init", init)


def no_tensorrt(jetson: Jetson) -> None:
    jetson.monkeypatch.setitem(sys.modules, "tensorrt", None)


def change_onnx(jetson: Jetson) -> None:
    onnx.save(plain(small_network(seed=1)), jetson.int8)


def change_contract(jetson: Jetson) -> None:
    save_spec(msgspec.structs.replace(SPEC, colour="RGB"), jetson.int8)


def lose_source(jetson: Jetson) -> None:
    jetson.int8.unlink()


def other_height(jetson: Jetson) -> None:
    config = parse_config(f'[model]\npath = "{jetson.onnx}"\nheight = 64\n[[sources]]\nuri = "synthetic://"\n')
    jetson.monkeypatch.setattr(Jetson, "config", config)


def not_finite(jetson: Jetson) -> None:
    def run(self: Any, batch: Any) -> list[Any]:
        return [np.full((1, 19, 4, 6), np.inf, np.float32), np.zeros((1, 38, 4, 6), np.float32)]

    jetson.monkeypatch.setattr("edgepose.backends.tensorrt.TensorRtBackend.infer", run)


BROKEN: dict[str, tuple[Callable[[Jetson], None], str]] = {
    "no engine": (remove, "is not there; make it with: edgepose build"),
    "another TensorRT": (other_tensorrt, "built for tensorrt 10.3.0, this device has 10.16"),
    "foreign key": (foreign_key, "was not built on this device"),
    "another GPU": (other_gpu, "built for gpu Fake Orin, this device has Thor"),
    "flipped": (flip, "is not the file that was built"),
    "cut off": (truncate, "is not the file that was built"),
    "empty": (empty, "is not the file that was built"),
    "sidecar damaged": (damage_sidecar, "is damaged"),
    "no sidecar": (no_sidecar, "nobody can tell who built it"),
    "a folder": (folder, "is not a plain file"),
    "a pipe": (pipe, "is not a plain file"),
    "a link": (link, "too many levels of symbolic links"),
    "writable by others": (writable_by_others, "can be changed by others"),
    "no pycuda": (no_pycuda, "need pycuda, which is not usable"),
    "pycuda of another numpy": (broken_pycuda, "numpy.dtype size changed"),
    "no GPU": (no_gpu, "no working NVIDIA GPU (no CUDA-capable device is detected)"),
    "no TensorRT": (no_tensorrt, "TensorRT is not installed"),
    "changed ONNX": (change_onnx, "does not fit any more: small.int8.onnx changed"),
    "changed contract": (change_contract, "the contract of small.int8.onnx changed"),
    "lost its ONNX": (lose_source, "small.int8.onnx, which it was built from, is gone"),
    "another height": (other_height, "input 32x48 -> 64x96"),
    "values that are no numbers": (not_finite, "gives values that are no numbers"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_whatever_is_wrong_with_an_engine_the_cpu_runs_the_network_at_its_size_and_says_why(
    jetson: Jetson, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    build_planned(jetson.config)
    wreck, words = BROKEN[case]
    wreck(jetson)
    caplog.clear()
    with closing(jetson.open()) as backend:
        assert backend.info.name in ("openvino", "onnxruntime")
        assert words in backend.info.why
        wanted = engine_size(SPEC, jetson.config.model.height)
        assert (backend.spec.input_hw, backend.spec.dynamic_size) == (wanted, False)
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1 and words in warnings[0]


REPAIRED = [name for name in BROKEN if name not in ("no pycuda", "pycuda of another numpy", "no GPU", "no TensorRT")]


@pytest.mark.parametrize("case", [name for name in REPAIRED if name != "values that are no numbers"])
def test_building_again_mends_whatever_was_wrong(jetson: Jetson, case: str) -> None:
    build_planned(jetson.config)
    BROKEN[case][0](jetson)
    build_planned(jetson.config)
    with closing(jetson.open()) as backend:
        assert (backend.info.name, backend.info.why) == ("tensorrt", "")


def test_changed_weights_beside_the_graph_are_noticed(jetson: Jetson) -> None:
    jetson.int8.unlink()

    def save(seed: int) -> None:
        jetson.onnx.with_suffix(".onnx.data").unlink(missing_ok=True)
        onnx.save_model(
            small_network(seed=seed),
            str(jetson.onnx),
            save_as_external_data=True,
            location="small.onnx.data",
            size_threshold=0,
        )

    save(0)
    build_planned(jetson.config)
    assert jetson.open().info.name == "tensorrt"
    graph = jetson.onnx.read_bytes()
    save(1)
    assert jetson.onnx.read_bytes() == graph
    assert "small.onnx changed" in jetson.open().info.why


def test_an_engine_of_another_size_keeps_that_size_on_the_cpu(jetson: Jetson) -> None:
    from edgepose.engine.tensorrt.job import BuildRequest, build

    build(BuildRequest(model=str(jetson.onnx), engine=str(jetson.engine), input_hw=(64, 96)))
    foreign_key(jetson)
    assert jetson.open().spec.input_hw == (64, 96)


def test_a_kill_between_the_two_renames_leaves_an_engine_with_its_own_contract(
    jetson: Jetson, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_planned(jetson.config)
    before = read_genuine(jetson.engine)
    save_spec(msgspec.structs.replace(SPEC, colour="RGB"), jetson.int8)

    def killed(files: dict[Path, bytes], **words: Any) -> None:
        first = next(iter(files))
        write_atomically(first, files[first])
        raise FileError("killed")

    monkeypatch.setattr(WRITING, killed)
    with pytest.raises(FileError):
        build_planned(jetson.config)
    data, sidecar = read_genuine(jetson.engine)
    assert (data, sidecar.contract) == (before[0], SPEC)
    told = msgspec.json.decode(sidecar_of(jetson.engine).read_bytes(), type=EngineSidecar)
    assert told.contract.colour == "RGB" and told.before is not None
    monkeypatch.undo()


def test_a_full_disk_while_building_leaves_the_engine_of_before(
    jetson: Jetson, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_planned(jetson.config)
    jetson.engine.chmod(0o600)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    change_onnx(jetson)
    with monkeypatch.context() as patch, pytest.raises(FileError, match="no space left on device"):
        patch.setattr(os, "fsync", full)
        build_planned(jetson.config)
    read_genuine(jetson.engine)
    assert "changed" in jetson.open().info.why


def test_a_model_in_a_folder_that_cannot_be_written_to_has_its_engine_in_the_state_folder(
    jetson: Jetson, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.access
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != jetson.folder and real(place, mode))
    built = build_planned(jetson.config)
    assert Path(built.engine).parent == jetson.state / "models"
    with closing(jetson.open()) as backend:
        assert backend.info.engine == built.engine


def test_the_networks_that_come_with_edgepose_keep_their_engines_in_the_state_folder(jetson: Jetson) -> None:
    from edgepose.engine.tensorrt.plan import planned

    int8, fp16 = planned(Config())
    assert {int8.engine, fp16.engine} == {str(jetson.state / "models" / "edgepose-lite.engine")}
    assert (Path(int8.model).name, int8.options.precision) == ("edgepose-lite.int8.onnx", "int8")
    assert (Path(fp16.model).name, fp16.options.precision) == ("edgepose-lite.onnx", "fp16")


def test_a_key_that_cannot_be_kept_is_said_before_the_build(jetson: Jetson, monkeypatch: pytest.MonkeyPatch) -> None:
    (jetson.folder / "file").write_bytes(b"")
    monkeypatch.setenv("STATE_DIRECTORY", str(jetson.folder / "file" / "state"))
    monkeypatch.setattr("edgepose.engine.tensorrt.job.build_serialized", lambda *_: pytest.fail("minutes of building"))
    from edgepose.errors import ModelError

    with pytest.raises(ModelError, match="cannot keep this device's key"):
        build_planned(jetson.config)


def test_a_device_key_is_roots_and_its_groups_and_everybody_elses_is_refused(jetson: Jetson) -> None:
    from edgepose.errors import ModelError

    key = jetson.folder / "etc" / "engine.key"
    jetson.monkeypatch.setattr(device_key, "DEVICE_KEY", key)
    device_key.make_secret(key, 0o640)
    if os.geteuid() != 0:
        with pytest.raises(ModelError, match="belongs to user"):
            device_key.device_secret()
        return
    build_planned(jetson.config)
    assert not (jetson.state / "engine.key").exists()
    assert jetson.open().info.name == "tensorrt"
    key.chmod(0o644)
    assert "can be read by others (mode 0644)" in jetson.open().info.why
    key.chmod(0o640)
    os.chown(key, 4711, -1)
    assert "belongs to user 4711, wanted root" in jetson.open().info.why


def test_a_dla_asks_for_a_cache_with_best_as_with_int8(jetson: Jetson) -> None:
    from edgepose.engine.tensorrt.job import BuildRequest, build
    from edgepose.engine.tensorrt.options import BuildOptions

    for precision in ("best", "int8"):
        options = BuildOptions(precision=precision, dla=0)  # type: ignore[arg-type]
        request = BuildRequest(model=str(jetson.int8), engine=str(jetson.engine), options=options)
        with pytest.raises(BackendError, match="from a calibration cache only"):
            build(request)


def test_a_lone_engine_needs_no_onnx_and_an_unusable_one_says_that_it_has_none(jetson: Jetson) -> None:
    build_planned(jetson.config)
    for path in (jetson.onnx, jetson.int8):
        path.unlink()
    assert open_backend(jetson.engine).info.name == "tensorrt"
    flip(jetson)
    with pytest.raises(BackendError, match=r"other contents.*there is no small\.onnx beside it"):
        open_backend(jetson.engine)


def test_the_second_place_is_looked_at_where_the_first_engine_cannot_be_used(jetson: Jetson) -> None:
    build_planned(jetson.config)
    _, kept = on_gpu.engines_of(jetson.onnx)
    kept.parent.mkdir()
    for path in (jetson.engine, sidecar_of(jetson.engine)):
        (kept.parent / path.name.replace("small", kept.stem)).write_bytes(path.read_bytes())
        (kept.parent / path.name.replace("small", kept.stem)).chmod(0o600)
    flip(jetson)
    assert jetson.open().info.engine == str(kept)
