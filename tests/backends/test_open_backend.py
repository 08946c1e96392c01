"""The right runtime is chosen, and where the wished one cannot run the user hears of it."""

from __future__ import annotations

import logging

import pytest
from networks import EXPORTS, write_export

from edgepose import backends
from edgepose.backends import BackendInfo, BackendOptions, open_backend
from edgepose.errors import BackendError, ConfigError, DeviceError, MissingDependencyError, ModelError
from edgepose.model import load_spec, save_spec

pytest.importorskip("onnx")


class NoDevice:
    """TensorRT on a machine without a GPU."""

    def __init__(self, model, spec, options):
        raise DeviceError("no CUDA device was found")


class Recorded:
    """A runtime that remembers what it was opened with."""

    def __init__(self, model, spec, options):
        self.model, self.spec, self.options = model, spec, options
        self.info = BackendInfo(name="recorded", version="1", device="none", precision="f32")


@pytest.fixture
def model(tmp_path):
    return write_export(tmp_path / "pose.onnx", EXPORTS["human-pose-estimation-0001"], (64, 96), [])


@pytest.fixture
def installed(monkeypatch):
    """Pretend that exactly the named runtimes are installed; every one of them is a Recorded."""

    def pretend(*names):
        monkeypatch.setattr(backends, "find_spec", lambda name: name if name in names else None)
        for name in names:
            monkeypatch.setitem(backends.BACKENDS, name, f"{__name__}:Recorded")

    return pretend


def test_auto_prefers_the_faster_of_two_runtimes(model, installed, monkeypatch):
    installed("onnxruntime", "openvino")
    chosen = []
    monkeypatch.setattr(backends, "find", lambda kind, name, table: chosen.append(name) or Recorded)
    open_backend(model)
    assert chosen == ["openvino"]


def test_auto_takes_the_one_that_is_there(model, installed, monkeypatch):
    installed("onnxruntime")
    chosen = []
    monkeypatch.setattr(backends, "find", lambda kind, name, table: chosen.append(name) or Recorded)
    open_backend(model)
    assert chosen == ["onnxruntime"]


def test_no_runtime_at_all_is_told_with_what_to_install(model, installed):
    installed()
    with pytest.raises(MissingDependencyError, match="pip install openvino"):
        open_backend(model)


def test_an_engine_beside_the_model_is_used_where_tensorrt_is_installed(model, installed):
    installed("tensorrt")
    model.with_suffix(".engine").write_bytes(b"engine")
    save_spec(load_spec(model), model)
    assert open_backend(model).model == model.with_suffix(".engine")


@pytest.mark.parametrize("options", [BackendOptions(), BackendOptions(name="tensorrt")], ids=["auto", "asked for"])
def test_an_engine_without_a_gpu_falls_back_loudly_to_the_onnx_beside_it(
    model, installed, monkeypatch, caplog, options
):
    installed("openvino")
    monkeypatch.setitem(backends.BACKENDS, "tensorrt", f"{__name__}:NoDevice")
    engine = model.with_suffix(".engine")
    engine.write_bytes(b"engine")
    save_spec(load_spec(model), model)
    with caplog.at_level(logging.WARNING):
        assert open_backend(engine, options).model == model
    assert "no CUDA device was found" in caplog.text and "with openvino instead" in caplog.text


def test_tensorrt_without_an_engine_says_how_to_build_one(model, installed):
    installed("tensorrt")
    with pytest.raises(ModelError, match=r"needs the engine .*pose\.engine.*edgepose build .*pose\.onnx"):
        open_backend(model, BackendOptions(name="tensorrt"))


def test_tensorrt_where_it_is_not_installed_falls_back_loudly(model, installed, caplog):
    installed("openvino")
    with caplog.at_level(logging.WARNING):
        assert open_backend(model, BackendOptions(name="tensorrt")).model == model
    assert "TensorRT is not installed" in caplog.text


def test_an_engine_without_a_gpu_and_without_onnx_is_an_error(tmp_path, model, installed, monkeypatch):
    installed("openvino")
    monkeypatch.setitem(backends.BACKENDS, "tensorrt", f"{__name__}:NoDevice")
    engine = tmp_path / "other.engine"
    engine.write_bytes(b"engine")
    save_spec(load_spec(model), engine)
    with pytest.raises(BackendError, match=r"no CUDA device.*no other\.onnx beside it"):
        open_backend(engine)


def test_an_unknown_name_is_answered_with_the_known_ones(model):
    with pytest.raises(ConfigError, match=r"no backends named 'openvivo'; there are .*openvino"):
        open_backend(model, BackendOptions(name="openvivo"))


def test_a_missing_model_is_told(tmp_path):
    with pytest.raises(ModelError, match="found nothing at"):
        open_backend(tmp_path / "no.onnx")
