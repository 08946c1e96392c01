"""A backend that takes pixels gives what it gives for the same picture normalised on the CPU, to float rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepose.backends import BackendOptions, open_backend, takes_pixels
from edgepose.errors import ShapeError
from edgepose.look import Network, Preprocessor
from edgepose.model import Layout, ModelSpec

onnx = pytest.importorskip("onnx")
pytest.importorskip("openvino")

HW = (64, 96)
MEAN, SCALE = (123.675, 116.28, 103.53), (1 / 58.395, 1 / 57.12, 1 / 57.375)


def write_network(path: Path, layout: Layout) -> Path:
    """One convolution of 8 x 8 pixels, random weights, to 19 heatmaps and 38 PAFs: every input value counts."""
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    weights = np.random.default_rng(0).normal(size=(57, 3, 8, 8)).astype(np.float32) / 8
    axes = ["N", 3, "H", "W"] if layout == "NCHW" else ["N", "H", "W", 3]
    turned = [helper.make_node("Transpose", ["input"], ["planes"], perm=[0, 3, 1, 2])] if layout == "NHWC" else []
    info = helper.make_tensor_value_info
    outputs = [info(name, number, ["N", n, "h", "w"]) for name, n in (("heatmaps", 19), ("pafs", 38))]
    graph = helper.make_graph(
        [
            *turned,
            helper.make_node("Conv", ["planes" if turned else "input", "w"], ["all"], strides=[8, 8]),
            helper.make_node("Split", ["all", "parts"], ["heatmaps", "pafs"], axis=1),
        ],
        "pixels",
        [info("input", number, axes)],
        outputs,
        [onnx.numpy_helper.from_array(weights, "w"), onnx.numpy_helper.from_array(np.array([19, 38]), "parts")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def spec_of(layout: Layout, colour: Any) -> ModelSpec:
    return ModelSpec(name="pixels", input_layout=layout, colour=colour, mean=MEAN, scale=SCALE, input_hw=HW)


def pictures(n: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (n, *HW, 3), np.uint8)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("colour", ["BGR", "RGB"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_pixels_and_floats_give_the_same(tmp_path: Path, layout: Layout, colour: str, n: int) -> None:
    spec = spec_of(layout, colour)
    backend = open_backend(
        write_network(tmp_path / "m.onnx", layout), BackendOptions(name="openvino", precision="f32"), spec
    )
    assert takes_pixels(backend)
    batch = pictures(n)
    preprocessor = Preprocessor(spec, HW)
    floats = np.stack([preprocessor.prepare(image)[0] for image in batch])
    for _ in range(2):  # in turns: the two ways do not disturb each other
        of_floats = [tensor.copy() for tensor in backend.infer(floats)]
        of_pixels = [tensor.copy() for tensor in backend.infer(batch)]  # type: ignore[arg-type]
        for a, b in zip(of_pixels, of_floats, strict=True):
            assert np.abs(b).max() > 1
            assert np.abs(a - b).max() < 1e-4
    backend.close()


def test_the_chain_gives_pixels_to_who_takes_them_and_floats_to_the_others(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path, spec, image = write_network(tmp_path / "m.onnx", "NCHW"), spec_of("NCHW", "RGB"), pictures(1)[0]
    found = {}
    for name, dtype in (("openvino", np.uint8), ("onnxruntime", np.float32)):
        network = Network(open_backend(path, BackendOptions(name=name, precision="f32"), spec))
        prepared = network.preparer()(image)
        assert prepared.tensor.dtype == dtype
        found[name] = network.infer([prepared.tensor] * 2)[1]
        network.close()
    assert np.abs(found["openvino"].heatmaps - found["onnxruntime"].heatmaps).max() < 1e-4


def test_pixels_for_a_backend_of_floats_are_refused_in_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    backend = open_backend(
        write_network(tmp_path / "m.onnx", "NCHW"), BackendOptions(name="onnxruntime"), spec_of("NCHW", "BGR")
    )
    assert not takes_pixels(backend)
    with pytest.raises(ShapeError, match=r"takes float32 \(N, 3, H, W\), got uint8"):
        backend.infer(pictures(1))  # type: ignore[arg-type]


def test_a_fitted_picture_is_the_prepared_one_before_its_values_change() -> None:
    spec = ModelSpec(name="m", input_layout="NHWC", input_hw=HW, pad_value=7, resize="linear")  # mean 0, scale 1
    preprocessor = Preprocessor(spec, HW)
    for image_hw in ((120, 90), (31, 200), HW):
        image = np.random.default_rng(2).integers(0, 256, (*image_hw, 3), np.uint8)
        fitted, letterbox = preprocessor.fit(image)
        prepared, other = preprocessor.prepare(image)
        assert fitted.dtype == np.uint8 and letterbox == other
        assert np.array_equal(fitted, prepared)


def test_a_picture_of_the_inputs_size_is_not_copied() -> None:
    image = pictures(1)[0]
    assert Preprocessor(spec_of("NCHW", "BGR"), HW).fit(image)[0] is image


@pytest.mark.parametrize("kind", ["read-only", "mirrored", "cut out", "every second row"])
@pytest.mark.parametrize("n", [1, 2])
def test_a_picture_of_the_inputs_size_may_lie_in_memory_as_it_likes(tmp_path: Path, kind: str, n: int) -> None:
    """It goes to the network without a copy of ours."""
    large = np.random.default_rng(3).integers(0, 256, (2 * HW[0], 2 * HW[1], 3), np.uint8)
    image = {
        "read-only": np.frombuffer(large[: HW[0], : HW[1]].tobytes(), np.uint8).reshape(*HW, 3),
        "mirrored": large[: HW[0], : HW[1]][:, ::-1],
        "cut out": large[5 : 5 + HW[0], 7 : 7 + HW[1]],
        "every second row": large[::2, ::2],
    }[kind]
    spec = spec_of("NCHW", "BGR")
    network = Network(open_backend(write_network(tmp_path / "m.onnx", "NCHW"), BackendOptions(name="openvino"), spec))
    prepare = network.preparer()
    found = network.infer([prepare(image).tensor] * n)[-1]
    wanted = network.infer([prepare(np.array(image)).tensor] * n)[-1]
    assert np.array_equal(found.heatmaps, wanted.heatmaps)
    network.close()
