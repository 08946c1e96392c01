"""Building with every TensorRT from 8.6 to 11.4: only names that version has, and the right way for its typing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fake_tensorrt
import numpy as np
import onnx
import pytest
from fake_memory import FakeMemory
from small_network import SPEC, pictures_like, small_network, write_small
from test_quantise import ranges_of

from edgepose.engine.int8.cache_file import cache_text
from edgepose.engine.int8.calibrator import make_calibrator
from edgepose.engine.int8.quantise import quantised
from edgepose.engine.onnx.plain import plain
from edgepose.engine.tensorrt.builder import build_serialized, chosen_precision
from edgepose.engine.tensorrt.capabilities import capabilities
from edgepose.engine.tensorrt.options import BuildOptions
from edgepose.errors import BackendError, ModelError

WEAK = ("8.6", "10.3", "10.13", "10.16")


@pytest.fixture(params=fake_tensorrt.VERSIONS)
def trt(request: pytest.FixtureRequest) -> Any:
    return fake_tensorrt.make(request.param)


@pytest.fixture(scope="module")
def int8() -> Any:
    model = plain(small_network())
    return quantised(model, ranges_of(model, pictures_like(np.random.default_rng(1))))


def built(trt: Any, model: Any, precision: str, **words: Any) -> tuple[dict[str, Any], Any]:
    """What the fake was told, and the graph it was given."""
    options = BuildOptions(precision=precision, max_batch=3, pixels=False)
    facts, _, graph = build_serialized(trt, model, SPEC, (32, 48), options, **words).partition(b"\n")
    return json.loads(facts), onnx.load_from_string(graph)


def types_of(model: Any) -> set[str]:
    names = onnx.TensorProto.DataType.Name
    return {names(item.data_type) for item in model.graph.initializer}


def test_fp32_builds_the_graph_as_it_is(trt: Any) -> None:
    facts, graph = built(trt, small_network(), "fp32")
    assert facts["flags"] == []
    assert types_of(graph) == {"FLOAT"}
    assert facts["shapes"]["input"] == [[1, 3, 32, 48], [3, 3, 32, 48], [3, 3, 32, 48]]


def test_fp16_is_a_flag_where_flags_exist_and_in_the_graph_elsewhere(trt: Any) -> None:
    facts, graph = built(trt, small_network(), "fp16")
    if capabilities(trt).weak_typing:
        assert facts["flags"] == ["FP16"]
        assert types_of(graph) == {"FLOAT"}
    else:
        assert facts["flags"] == []
        assert facts["typed"]
        assert types_of(graph) == {"FLOAT16"}


def test_explicit_int8_leaves_other_layers_in_fp16_either_way(trt: Any, int8: Any) -> None:
    facts, graph = built(trt, int8, "int8")
    if capabilities(trt).weak_typing:
        assert sorted(facts["flags"]) == ["FP16", "INT8"]
        assert types_of(graph) == {"FLOAT", "INT8"}
    else:
        assert types_of(graph) == {"FLOAT16", "INT8"}
    assert facts["cache"] is None


def test_explicit_batch_is_asked_for_where_it_is_a_choice(trt: Any) -> None:
    facts, _ = built(trt, small_network(), "fp32")
    assert facts["explicit"] == hasattr(trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH")


def test_best_is_int8_where_the_model_carries_ranges(int8: Any) -> None:
    assert chosen_precision(int8, BuildOptions(precision="best"), False, "m") == "int8"
    assert chosen_precision(small_network(), BuildOptions(precision="best"), False, "m") == "fp16"


def test_int8_without_ranges_is_refused(trt: Any) -> None:
    with pytest.raises(ModelError, match="calibrate it first"):
        built(trt, small_network(), "int8")


def test_progress_is_told_where_the_version_can(trt: Any) -> None:
    seen: list[tuple[str, float]] = []
    built(trt, small_network(), "fp32", step=lambda phase, share: seen.append((phase, share)))
    assert bool(seen) == hasattr(trt, "IProgressMonitor")
    assert not seen or seen[-1] == ("Building", 1.0)


def test_the_timing_cache_is_kept_and_a_foreign_one_replaced(trt: Any, tmp_path: Path) -> None:
    path = tmp_path / "pose.engine.timing"
    path.write_bytes(b"of another version")
    built(trt, small_network(), "fp32", timing_cache=path)
    assert path.read_bytes() == b"timing"


def test_a_cache_is_offered_with_the_header_of_this_version(trt: Any) -> None:
    def make(module: Any) -> Any:
        return make_calibrator(module, cache_text({"input": 1.0}, module.__version__), iter(()), 1, None)

    if not capabilities(trt).calibrators:
        with pytest.raises(BackendError, match="takes no calibration cache any more"):
            built(trt, small_network(), "int8", calibrator=make)
        return
    facts, _ = built(trt, small_network(), "int8", calibrator=make)
    assert facts["cache"].splitlines()[0].endswith("-EntropyCalibration2")
    assert sorted(facts["flags"]) == ["FP16", "INT8"]


@pytest.mark.parametrize("version", WEAK)
@pytest.mark.parametrize("algorithm", ["EntropyCalibration2", "MinMaxCalibration"])
def test_a_refused_cache_is_answered_with_the_same_pictures(version: str, algorithm: str) -> None:
    trt, memory = fake_tensorrt.make(version), FakeMemory()
    batches = pictures_like(np.random.default_rng(0), 3)
    made: list[Any] = []
    last: list[Any] = []
    memory.free = lambda buffer: last.append(buffer.allocation.view(np.float32))  # type: ignore[method-assign]

    def make(module: Any) -> Any:
        made.append(make_calibrator(module, "", iter(batches[:, None]), 1, memory, algorithm))
        return made[0]

    built(trt, small_network(), "int8", calibrator=make)
    assert made[0].fed == 3
    assert made[0].written == b"TRT-own\n"
    np.testing.assert_array_equal(last[0].reshape(3, 32, 48), batches[2])


@pytest.mark.parametrize("version", WEAK)
def test_dla_runs_int8_from_a_cache_and_falls_back_to_the_gpu(version: str) -> None:
    trt = fake_tensorrt.make(version)
    options = BuildOptions(precision="int8", dla=1)

    def make(module: Any) -> Any:
        return make_calibrator(module, cache_text({"input": 1.0}, module.__version__), iter(()), 1, None)

    facts = json.loads(build_serialized(trt, small_network(), SPEC, (32, 48), options, make).partition(b"\n")[0])
    assert facts["dla"] == 1
    assert "GPU_FALLBACK" in facts["flags"]
    with pytest.raises(BackendError, match="this device has 2"):
        build_serialized(trt, small_network(), SPEC, (32, 48), BuildOptions(precision="int8", dla=2), make)


def test_dla_without_a_cache_is_refused(trt: Any, int8: Any) -> None:
    with pytest.raises(BackendError, match="from a calibration cache only"):
        build_serialized(trt, int8, SPEC, (32, 48), BuildOptions(precision="int8", dla=0))


def test_an_unsupported_operator_comes_out_as_a_sentence(trt: Any) -> None:
    model = small_network()
    model.opset_import.append(onnx.helper.make_opsetid("mine", 1))
    model.graph.node[2].op_type, model.graph.node[2].domain = "Odd", "mine"
    with pytest.raises(ModelError, match=r"TensorRT .* cannot read model 'small' at .*no importer"):
        built(trt, model, "fp32")


def test_too_little_memory_comes_out_with_a_remedy(trt: Any) -> None:
    options = BuildOptions(precision="fp32", workspace_mb=16)
    with pytest.raises(BackendError, match=r"ran out of memory.*--max-batch 1"):
        build_serialized(trt, small_network(), SPEC, (32, 48), options)


def test_naming_an_architecture_is_for_tensorrt_rtx(trt: Any) -> None:
    with pytest.raises(BackendError, match="leave --compute-capability out"):
        build_serialized(
            trt, small_network(), SPEC, (32, 48), BuildOptions(precision="fp32", compute_capability="SM87")
        )


def test_the_fake_has_no_name_that_its_version_lacks() -> None:
    newest = fake_tensorrt.make("11.4")
    with pytest.raises(AttributeError):
        _ = newest.BuilderFlag.FP16
    with pytest.raises(AttributeError, match="no 'int8_calibrator'"):
        newest.IBuilderConfig().int8_calibrator = None
    with pytest.raises(AttributeError):
        _ = fake_tensorrt.make("8.6").IProgressMonitor


def test_written_models_build_too(trt: Any, tmp_path: Path) -> None:
    path = write_small(tmp_path, separate_bias=False)
    _, graph = built(trt, onnx.load(str(path)), "best")
    assert [node.op_type for node in graph.graph.node].count("Conv") > 0
