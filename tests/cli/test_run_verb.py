import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from edgepose.backends.recording import RecordingWriter
from edgepose.cli import main
from edgepose.cli.run import expanded
from edgepose.decode.render import render_fields
from edgepose.model import ModelSpec
from edgepose.sources import open_source

HW = (128, 224)
SCENE = f"synthetic://?people=1&width={HW[1]}&height={HW[0]}"


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """What a perfect network says about the synthetic scene's first pictures."""
    path = tmp_path_factory.mktemp("recording") / "scene.npz"
    source = open_source(f"{SCENE}&frames=8")
    with RecordingWriter(path, ModelSpec(name="scene", input_hw=HW), HW) as writer:
        for _ in range(8):
            writer.append(render_fields([pose.keypoints for pose in source.truth(source.read())], HW))
    return str(path)


def test_a_run_reports_its_numbers_as_one_json_document(recording, tmp_path, capsys):
    lines = tmp_path / "people.jsonl"
    words = ["run", "--source", f"{SCENE}&frames=8", "--model", recording, "--jsonl", str(lines), "--json"]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["frames"], report["dropped"], report["people_frames"]) == (8, 0, 8)
    assert report["latency_ms"]["infer"]["p50"] > 0
    assert len(lines.read_text().splitlines()) == 8


def test_flags_take_the_place_of_the_files_keys(recording, tmp_path, capsys):
    config = tmp_path / "edgepose.toml"
    config.write_text(f'[[sources]]\nuri = "missing.mp4"\n[model]\npath = "{recording}"\n')
    words = ["run", "--config", str(config), "--source", f"{SCENE}&frames=8", "--max-frames", "3", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 3


def test_sources_stand_behind_the_verb_as_they_would_anywhere(recording, capsys):
    words = ["run", f"{SCENE}&frames=8", "--model", recording, "--height", str(HW[0]), "--min-score", "0", "--json"]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["frames"], report["people_frames"]) == (8, 8)


def test_a_pattern_names_the_files_that_no_shell_has_expanded(tmp_path):
    for name in ("b.mp4", "a.mp4", "c[1].mp4", "d.txt"):
        (tmp_path / name).touch()
    found = list(expanded([f"{tmp_path}/*.mp4", f"{tmp_path}/c[1].mp4", "rtsp://camera/a?b=*"]))
    names = [one.rpartition("/")[2] for one in found]
    assert names == ["a.mp4", "b.mp4", "c[1].mp4", "c[1].mp4", "a?b=*"]


BAD_INPUT = {
    "pattern of nothing": (["none-*.mp4"], "none-*.mp4"),
    "no source": ([], "no source"),
    "missing video": (["--source", "none.mp4"], "none.mp4"),
    "missing config": (["--config", "none.toml"], "config init"),
    "unknown backend": (["--source", SCENE, "--backend", "abacus"], "abacus"),
    "unwritable output": (["--source", SCENE, "--jsonl", "/proc/none/x.jsonl"], "/proc/none"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_gets_one_sentence_and_exit_code_1(case, recording, capsys):
    words, expected = BAD_INPUT[case]
    assert main(["run", "--model", recording, *words]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert expected in told.err
    assert told.err.strip().count("\n") == 0


def test_a_source_that_breaks_off_is_reported_with_what_was_done(recording, tmp_path, capsys):
    video = tmp_path / "cut.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10, (HW[1], HW[0]))
    rng = np.random.default_rng(0)
    for _ in range(60):
        writer.write(rng.integers(0, 255, (*HW, 3), np.uint8))
    writer.release()
    data = video.read_bytes()
    video.write_bytes(data[: len(data) // 2])
    lines = tmp_path / "people.jsonl"
    code = main(["run", "--source", str(video), "--model", recording, "--jsonl", str(lines), "--json"])
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert code == 1
    assert "cut.avi" in told.err
    assert report["error"] in told.err
    assert report["frames"] == len(lines.read_text().splitlines()) > 10


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_a_run_cleanly_and_soon(number, code, recording, tmp_path):
    lines = tmp_path / "people.jsonl"
    words = ["run", "--source", f"{SCENE}&live=true", "--model", recording, "--jsonl", str(lines), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "edgepose", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONFAULTHANDLER": "1"},
    )
    deadline = time.monotonic() + 30
    while not (lines.exists() and lines.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    asked = time.monotonic()
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - asked < 10  # two seconds, and more where the machine is loaded
    assert process.returncode == code, err.decode()
    assert json.loads(out)["frames"] == len(lines.read_text().splitlines()) > 0
