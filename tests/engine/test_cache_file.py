"""The calibration cache of TensorRT <= 10: written, read back, and refused when it is not whole or not this model's."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_network import small_network

from edgepose.engine.int8.cache_file import cache_text, check_cache, complete, header, read_cache
from edgepose.engine.onnx.plain import plain
from edgepose.engine.onnx.queries import convolutions
from edgepose.errors import ModelError


@pytest.mark.parametrize(
    ("version", "first"),
    [("8.6.1", "TRT-8601"), ("8.6.2.3", "TRT-8602"), ("10.3.0", "TRT-100300"), ("10.13.3.9", "TRT-101303")],
)
def test_the_header_numbers_the_version(version: str, first: str) -> None:
    assert header(version) == f"{first}-EntropyCalibration2"


def test_a_scale_is_the_bits_of_amax_over_127() -> None:
    line = cache_text({"input_1:0": 127.0}).splitlines()[1]
    assert line == "input_1:0: 3f800000"  # 1.0


@given(st.dictionaries(st.text("abcXYZ_/:.0", min_size=1), st.floats(2.0**-20, 1e6, width=32), min_size=1))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, ranges: dict[str, float]) -> None:
    path = tmp_path_factory.mktemp("cache") / "cal.bin"
    path.write_text(cache_text(ranges))
    assert read_cache(path) == {name: pytest.approx(value, rel=1e-6) for name, value in ranges.items()}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no calibration cache"),
        (b"\x80\xff\x00", "not text"),
        (b"hello\nworld: 12\n", "no calibration cache"),
        (b"TRT-8601-EntropyCalibration2\ninput: 3c0102", "line 2"),
        (b"TRT-8601-EntropyCalibration2\ninput: " + struct.pack(">f", float("inf")).hex().encode(), "no usable scale"),
        (b"TRT-8601-EntropyCalibration2\n", "names no tensors"),
    ],
)
def test_damaged_caches_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "cal.bin"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=words):
        read_cache(path)


def test_a_cache_of_another_model_is_refused(tmp_path: Path) -> None:
    model = plain(small_network())
    ranges = {conv.input[0]: 1.0 for conv in convolutions(model)}
    check_cache(ranges, model, tmp_path / "own.cache")
    with pytest.raises(ModelError, match="belongs to another model: it names 0 of 7"):
        check_cache({"other": 1.0}, model, tmp_path / "other.cache")


def test_a_cache_that_was_cut_at_the_end_of_a_line_is_refused_with_its_report(tmp_path: Path) -> None:
    model = plain(small_network())
    ranges = {f"t{k}": 1.0 for k in range(9)} | {conv.input[0]: 1.0 for conv in convolutions(model)}
    path = tmp_path / "pose.cache"
    whole = cache_text(ranges).encode()
    told = {"cache_sha256": hashlib.sha256(whole).hexdigest(), "verdict": {"passed": True, "accepted_anyway": False}}
    (tmp_path / "pose.report.json").write_text(json.dumps(told))
    path.write_bytes(whole)
    check_cache(read_cache(path), model, path)
    path.write_bytes(b"\n".join(whole.splitlines()[:1] + whole.splitlines()[2:]) + b"\n")
    with pytest.raises(ModelError, match="not the one that its report beside it was written with"):
        check_cache(read_cache(path), model, path)


def test_a_cache_without_a_report_that_lacks_a_few_tensors_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepose.engine.int8.cache_file._MIN_KNOWN", 0.5)  # the network has 7 tensors only
    model = plain(small_network())
    ranges = {conv.input[0]: 1.0 for conv in convolutions(model)}
    check_cache(ranges, model, tmp_path / "own.cache")
    assert not caplog.records
    ranges.popitem()
    check_cache(ranges, model, tmp_path / "own.cache")
    assert "has no range for 1 of 7 tensors" in caplog.text


def test_what_feeds_a_relu_gets_the_range_of_what_comes_out() -> None:
    model = plain(small_network())
    ranges = complete({"stem_relu": 2.0}, model)
    assert ranges == {"stem_relu": 2.0, "stem": 2.0}
