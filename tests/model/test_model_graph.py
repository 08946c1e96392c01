"""Inputs and outputs are read from an ONNX file without any runtime, and a file that is none is told in a sentence."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks import EXPORTS, one_person, write_export

from edgepose.errors import ModelError
from edgepose.model import load_spec, read_graph

pytest.importorskip("onnx")


@pytest.fixture
def onnx_file(tmp_path):
    return write_export(tmp_path / "pose.onnx", EXPORTS["openpose"], (64, 96), [one_person()])


def test_names_shapes_and_versions_are_those_of_the_file(onnx_file):
    graph = read_graph(onnx_file)
    assert [(port.name, port.shape, port.dtype) for port in graph.inputs] == [
        ("image", (None, 3, None, None), "float32")
    ]
    assert [(port.name, port.shape) for port in graph.outputs] == [("net_output", (None, 57, None, None))]
    assert (graph.opset, graph.ir_version) == (10, 5)


def test_weights_listed_among_the_inputs_are_not_inputs(tmp_path):
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.ones(3, np.float32), "weight")
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in ("x", "weight", "y")]
    node = helper.make_node("Add", ["x", "weight"], ["y"])
    onnx.save(helper.make_model(helper.make_graph([node], "g", value[:2], value[2:], [weight])), tmp_path / "a.onnx")
    assert [port.name for port in read_graph(tmp_path / "a.onnx").inputs] == ["x"]


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_told_wherever_it_was_cut(onnx_file, kept):
    data = onnx_file.read_bytes()
    onnx_file.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(ModelError, match=r"cut short or damaged|is not an ONNX model"):
        read_graph(onnx_file)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("pose.etlt", b"\x08\x04secret", "encrypted .etlt .* export the network again as ONNX"),
        ("text.onnx", b"this is a text, not a network\n" * 9, "is not an ONNX model"),
        ("empty.onnx", b"", "is empty"),
        ("zeros.onnx", bytes(64), "is not an ONNX model"),
        ("picture.onnx", b"\xff\xd8\xff\xe0\x00\x10JFIF", "is not an ONNX model"),
    ],
)
def test_a_file_that_is_no_model_is_told_in_one_sentence(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=words):
        read_graph(tmp_path / name)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(ModelError, match="found nothing at"):
        read_graph(tmp_path / "no.onnx")
    with pytest.raises(ModelError, match="found a folder at"):
        read_graph(tmp_path)


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_refused_but_never_crashes(onnx_file, damage):
    data = bytearray(onnx_file.read_bytes())
    for place, byte in damage:
        data[int(place * len(data))] = byte
    broken = onnx_file.with_name("broken.onnx")
    broken.write_bytes(data)
    with contextlib.suppress(ModelError):
        load_spec(broken)
