"""Engines that take pictures as uint8 give what the network gives for the same pictures normalised by the CPU."""

from __future__ import annotations

import logging
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import fake_tensorrt
import numpy as np
import onnx
import pytest
from fake_memory import FakeMemory
from msgspec.structs import replace
from small_network import SPEC, run, small_network, write_small

from edgepose.backends import BackendOptions, takes_pixels
from edgepose.backends.engine_file import EngineKey, read_genuine
from edgepose.backends.tensorrt import TensorRtBackend
from edgepose.engine.onnx.pixels import taking_pixels
from edgepose.engine.tensorrt.job import BuildRequest, build
from edgepose.engine.tensorrt.options import BuildOptions
from edgepose.errors import ShapeError
from edgepose.look import Preprocessor

KEY = EngineKey("m", "10.3.0", "Orin", "8.7", "R36.4", "fp16", (32, 48), 4)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))


def pictures(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, *SPEC.input_hw, 3), np.uint8)


def channels_last(model: Any) -> Any:
    """The same network with a picture of (N, H, W, 3) at its input."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    dims = model.graph.input[0].type.tensor_type.shape.dim
    axes = [onnx.TensorShapeProto.Dimension.FromString(dim.SerializeToString()) for dim in dims]
    for dim, axis in zip(dims, (axes[0], axes[2], axes[3], axes[1]), strict=True):
        dim.CopyFrom(axis)
    for node in model.graph.node:
        node.input[:] = ["planes" if name == "input" else name for name in node.input]
    model.graph.node.insert(0, onnx.helper.make_node("Transpose", ["input"], ["planes"], perm=[0, 3, 1, 2]))
    return model


@pytest.mark.parametrize("colour", ["BGR", "RGB"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("values", ["(x - mean) * scale", "as they are"])
def test_the_graph_does_what_the_preprocessor_does(layout: Any, colour: Any, values: str) -> None:
    spec = replace(SPEC, input_layout=layout, colour=colour, mean=(123.7, 116.3, 103.5), scale=(0.017, 0.018, 0.0174))
    if values == "as they are":
        spec = replace(spec, mean=(0.0,) * 3, scale=(1.0,) * 3)
    model = small_network() if layout == "NCHW" else channels_last(small_network())
    before = model.SerializeToString()
    mine = taking_pixels(model, spec)
    onnx.checker.check_model(mine)
    assert model.SerializeToString() == before
    batch, preprocessor = pictures(2), Preprocessor(spec, spec.input_hw)
    floats = np.stack([preprocessor.prepare(image)[0].copy() for image in batch])
    for exact, found in zip(run(model, floats), run(mine, batch), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-5 * np.abs(exact).max())


def built(folder: Path, trt: Any, **options: Any) -> Path:
    request = BuildRequest(
        model=str(write_small(folder)),
        engine=str(folder / "small.engine"),
        options=BuildOptions(precision="fp32", max_batch=2, **options),
    )
    return Path(build(request, memory=FakeMemory, trt=trt).engine)


@pytest.mark.parametrize("version", fake_tensorrt.VERSIONS)
def test_an_engine_takes_pictures_on_every_version(tmp_path: Path, monkeypatch: Any, version: str) -> None:
    trt = fake_tensorrt.make(version)
    monkeypatch.setitem(sys.modules, "tensorrt", trt)
    engine = built(tmp_path, trt)
    assert read_genuine(engine)[1].key.pixels
    preprocessor = Preprocessor(SPEC, SPEC.input_hw)
    with closing(TensorRtBackend(engine, SPEC, BackendOptions(), FakeMemory)) as backend:
        assert takes_pixels(backend)
        for n in (1, 2, 5):
            batch = pictures(n)
            floats = np.stack([preprocessor.prepare(image)[0].copy() for image in batch])
            for exact, mine in zip(run(small_network(), floats), backend.infer(batch), strict=True):
                np.testing.assert_allclose(mine, exact, atol=1e-5)
        with pytest.raises(ShapeError, match="build it with --float-input"):
            backend.infer(floats)
        with pytest.raises(ShapeError, match=r"takes pictures of 32x48 only, got 40x48"):
            backend.infer(np.zeros((1, 40, 48, 3), np.uint8))


def test_float_input_can_be_asked_for_and_is_another_engine(tmp_path: Path, monkeypatch: Any) -> None:
    trt = fake_tensorrt.make("10.3")
    monkeypatch.setitem(sys.modules, "tensorrt", trt)
    built(tmp_path, trt)
    engine = built(tmp_path, trt, pixels=False)
    assert not read_genuine(engine)[1].key.pixels
    with closing(TensorRtBackend(engine, SPEC, BackendOptions(), FakeMemory)) as backend:
        assert not takes_pixels(backend)
        assert len(backend.infer(np.zeros((1, 3, *SPEC.input_hw), np.float32))) == 2


def test_where_the_parser_takes_no_uint8_the_engine_takes_floats(
    tmp_path: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    trt = fake_tensorrt.make("8.6")
    monkeypatch.setitem(sys.modules, "tensorrt", trt)
    parse = trt.OnnxParser.parse  # type: ignore[attr-defined]

    def refusing(self: Any, data: bytes) -> bool:
        kind = onnx.load_from_string(data).graph.input[0].type.tensor_type.elem_type
        return bool(self._refuse("no uint8 here") if kind == onnx.TensorProto.UINT8 else parse(self, data))

    monkeypatch.setattr(trt.OnnxParser, "parse", refusing)  # type: ignore[attr-defined]
    with caplog.at_level(logging.WARNING):
        engine = built(tmp_path, trt)
    assert "takes no uint8 pictures" in caplog.text
    with closing(TensorRtBackend(engine, SPEC, BackendOptions(), FakeMemory)) as backend:
        assert not takes_pixels(backend)
    request = BuildRequest(model=str(tmp_path / "small.onnx"), engine=str(engine), options=BuildOptions("fp32", 2))
    assert build(request, memory=FakeMemory, trt=trt).reused  # it is not built again and again for it
