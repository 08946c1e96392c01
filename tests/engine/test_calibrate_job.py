"""`edgepose calibrate` from pictures to files, on a small network, and how it is stopped, resumed and refused."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
from small_network import SPEC, write_small
from test_pictures import scene, silent, write

from edgepose.cli import main
from edgepose.engine.int8 import job as module
from edgepose.engine.int8.cache_file import read_cache
from edgepose.engine.int8.calibration_set import CalibrationSet, FittedPictures
from edgepose.engine.int8.collect import collect
from edgepose.engine.int8.job import CalibrationRequest, calibrate
from edgepose.engine.int8.options import GateOptions, PictureOptions, QuantiseOptions
from edgepose.engine.int8.pictures import gather
from edgepose.engine.int8.report import CalibrationReport
from edgepose.engine.onnx.load import load_plain
from edgepose.errors import BackendError, DataError

PICTURES = PictureOptions(min_pictures=8, min_with_people=0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("calibration")
    (made / "pictures").mkdir()
    write(made / "pictures", [scene(k) for k in range(14)])
    write_small(made)
    return made


def request_of(folder: Path, name: str, **words: Any) -> CalibrationRequest:
    return CalibrationRequest(
        **{
            "model": str(folder / "small.onnx"),
            "images": str(folder / "pictures"),
            "output": str(folder / name),
            "pictures": PICTURES,
            "gate": GateOptions(min_people=1, min_agreement=0.0, max_extra_people=99.0, min_cosine=0.9),
            **words,
        }
    )


@pytest.fixture(scope="module")
def report(folder: Path) -> CalibrationReport:
    loose = GateOptions(min_people=1, min_agreement=0.0, max_extra_people=99.0, min_cosine=0.9)
    return calibrate(request_of(folder, "small-int8", gate=loose, accept=True), silent)


def test_what_stays_in_float_is_stored_as_float16(folder: Path, report: CalibrationReport) -> None:
    calibrate(request_of(folder, "float-first", quantise=QuantiseOptions(keep=("stem",)), accept=True), silent)
    model = onnx.load(str(folder / "float-first.onnx"))
    kinds = {item.name: item.data_type for item in model.graph.initializer if len(item.dims) == 4}
    assert set(kinds.values()) == {onnx.TensorProto.INT8, onnx.TensorProto.FLOAT16}


def test_model_sidecar_cache_and_reports_are_written(folder: Path, report: CalibrationReport) -> None:
    names = {path.name for path in folder.iterdir() if path.name.startswith("small-int8")}
    endings = {".onnx", ".json", ".cache", ".report.json", ".report.html"}
    assert names == {f"small-int8{ending}" for ending in endings}


def test_the_report_says_what_was_done(folder: Path, report: CalibrationReport) -> None:
    written = msgspec.json.decode((folder / "small-int8.report.json").read_bytes(), type=CalibrationReport)
    assert written == report
    assert (report.pictures.calibrate, report.pictures.judge) == (11, 3)
    assert len(report.picture_sha256) == 11
    assert report.parity.outputs["heatmaps"].cosine > 0.99
    assert {row.name for row in report.layers} >= {"stem", "heatmaps", "pafs"}


def test_the_page_needs_nothing_else(folder: Path, report: CalibrationReport) -> None:
    text = (folder / "small-int8.report.html").read_text()
    assert text.count("<svg") >= 8
    assert "data:image/jpeg;base64," in text
    assert "http" not in text.replace("http://www.w3.org", "")


def test_the_cache_names_the_tensors_of_the_written_model(folder: Path, report: CalibrationReport) -> None:
    amax = read_cache(folder / "small-int8.cache")
    model = onnx.load(str(folder / "small-int8.onnx"))
    scales = {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}
    assert scales["input_scale"] * 127 == pytest.approx(amax["input"], rel=1e-6)
    assert amax["stem"] == amax["stem_relu"]


def test_a_network_of_four_pictures_and_a_newer_opset_is_calibrated_as_any(
    folder: Path, report: CalibrationReport, tmp_path: Path
) -> None:
    """The same weights in a graph that takes exactly four pictures, in opset 20: the same ranges."""
    four = write_small(tmp_path, batch=4, opset=20)
    found = calibrate(request_of(folder, "four", model=str(four), output=str(tmp_path / "int8"), accept=True), silent)
    for mine, other in zip(found.layers, report.layers, strict=True):
        assert (mine.name, mine.int8) == (other.name, other.int8)
        assert mine.amax == pytest.approx(other.amax, rel=1e-3)
    written = onnx.load(str(tmp_path / "int8.onnx"))
    assert written.opset_import[0].version <= 17
    assert written.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 4


def test_a_model_that_fails_the_gate_gets_no_name_that_anything_runs(folder: Path) -> None:
    strict = GateOptions(min_people=10_000)
    made = calibrate(request_of(folder, "strict", gate=strict), silent)
    assert not made.verdict.passed
    names = {path.name for path in folder.iterdir() if "strict" in path.name}
    refused = {f"strict.refused{ending}" for ending in (".onnx", ".json", ".cache")}
    assert names == {*refused, "strict.report.json", "strict.report.html"}


def test_a_calibration_that_fails_at_its_end_leaves_nothing(folder: Path, monkeypatch: Any) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    write_atomically = module.write_atomically

    def full(path: Path, *words: Any) -> None:
        if path.name.endswith(".report.html"):
            raise BackendError(f"cannot write '{path}' (disk full)")
        write_atomically(path, *words)

    monkeypatch.setattr(module, "write_atomically", full)
    with pytest.raises(BackendError, match=re.escape(f"'{folder / 'small-int8.report.html'}' (disk full)")):
        calibrate(request_of(folder, "small-int8", accept=True), silent)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_an_output_that_cannot_be_written_is_told_before_the_work(folder: Path) -> None:
    with pytest.raises(BackendError, match=r"cannot write to .*give another place with -o"):
        calibrate(request_of(folder, "small.onnx/out"), silent)


def test_unreadable_pictures_among_those_that_judge_are_left_out(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, [scene(k) for k in range(20, 24)])
    bad = sorted(tmp_path.iterdir())[1]
    bad.write_bytes(bad.read_bytes()[:50])
    made = calibrate(request_of(folder, "judged", judge_images=str(tmp_path), accept=True), silent)
    assert made.parity.images == 3


def test_pictures_unlike_the_input_are_refused(folder: Path) -> None:
    pictures = msgspec.structs.replace(PICTURES, min_with_people=1.0)
    dark = folder / "dark"
    dark.mkdir(exist_ok=True)
    write(dark, [scene(k) for k in range(9)])
    model = onnx.load(str(folder / "small.onnx"))
    for item in model.graph.initializer:
        if item.name.startswith("heatmaps_head"):
            item.CopyFrom(onnx.numpy_helper.from_array(0 * onnx.numpy_helper.to_array(item), item.name))
    onnx.save(model, str(folder / "blind.onnx"))
    (folder / "blind.json").write_bytes(msgspec.json.encode(SPEC))
    words = {"model": str(folder / "blind.onnx"), "images": str(dark), "pictures": pictures}
    with pytest.raises(DataError, match=r"sees people in 0 of .* unlike its input"):
        calibrate(request_of(folder, "blind-int8", **words), silent)


def samples_of(folder: Path) -> CalibrationSet:
    with FittedPictures(folder, SPEC, SPEC.input_hw) as fitted:
        return fitted.select(gather(folder / "pictures", PICTURES, silent, fitted.add).calibrate)


def test_an_interrupted_collection_is_continued_with_the_same_result(folder: Path, monkeypatch: Any) -> None:
    from edgepose.engine.int8 import collect as module

    monkeypatch.setattr(module, "CHECKPOINT_S", 0.0)
    samples = samples_of(folder)
    model = load_plain(folder / "small.onnx")
    names, checkpoint = ["input", "joined"], folder / "run.partial.npz"

    def cut_off(things: Any, n: int, what: str) -> Any:
        for k, thing in enumerate(things):
            if k == 4:
                raise KeyboardInterrupt
            yield thing

    whole = collect(model, names, samples, checkpoint, silent)
    with pytest.raises(KeyboardInterrupt):
        collect(model, names, samples, checkpoint, cut_off)
    left: list[int] = []

    def counted(things: Any, n: int, what: str) -> Any:
        left.append(n)
        return things

    again = collect(model, names, samples, checkpoint, counted)
    assert left == [len(samples) - 4]
    for name in names:
        np.testing.assert_array_equal(again[name].counts, whole[name].counts)
    assert not checkpoint.exists()


def test_a_checkpoint_of_another_set_is_left_aside(folder: Path) -> None:
    checkpoint = folder / "other.partial.npz"
    checkpoint.write_bytes(b"nonsense")
    samples = samples_of(folder).first(2)
    model = load_plain(folder / "small.onnx")
    assert collect(model, ["input"], samples, checkpoint, silent)["input"].amax > 0


def test_the_verb_refuses_in_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(
        ["calibrate", str(folder / "small.onnx"), "--images", str(folder / "pictures"), "-o", str(folder / "x")]
    )
    assert code == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "calibration needs at least 100 different pictures" in err
    assert "Traceback" not in err


def test_layers_asked_for_stay_in_float(folder: Path) -> None:
    quantise = QuantiseOptions(first_layer=False, head_layers=False, float_budget=0.0, compensate_rounding=False)
    made = calibrate(request_of(folder, "kept", quantise=quantise, accept=True), silent)
    assert {row.name for row in made.layers if not row.int8} == {"stem", "heatmaps", "pafs"}


def test_build_and_engine_verbs_speak_json_and_sentences(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", "ls", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"engines": [], "removed": []}
    assert main(["engine", "verify", str(folder / "nowhere")]) == 1
    assert "no engine or folder" in capsys.readouterr().err
    assert main(["build", str(folder / "small.onnx"), "--precision", "int8"]) == 1
    assert "INT8 needs ranges" in capsys.readouterr().err
    assert main(["build", str(folder / "small.onnx"), "--size", "big"]) == 1
    assert "HEIGHTxWIDTH" in capsys.readouterr().err


def test_names_that_are_not_utf8_are_written_with_escapes(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for number, path in enumerate(sorted((folder / "pictures").iterdir())):
        try:
            (tmp_path / "pictures" / os.fsdecode(b"M\xfcnchen%d.png" % number)).write_bytes(path.read_bytes())
        except OSError:
            pytest.skip("this file system takes UTF-8 names only")
    made = calibrate(request_of(folder, "latin", images=str(tmp_path / "pictures"), accept=True), silent)
    assert made.verdict.accepted_anyway or made.verdict.passed
    written = msgspec.json.decode((folder / "latin.report.json").read_bytes(), type=CalibrationReport)
    assert all("M\\xfcnchen" in path for path in written.parity.worst)
    assert "<figcaption>M\\xfcnchen" in (folder / "latin.report.html").read_text()
