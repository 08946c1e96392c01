"""The examples do what they say, on a recorded network and a small video."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from builders import fields_of, lying, standing

ROOT = Path(__file__).resolve().parent.parent
SIZE_HW = (256, 448)
N_FRAMES = 40

cv2 = pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """`people.avi`, and `people.npz`: what a network would say of it, one person who stands and then lies."""
    from edgepose.backends.recording import RecordingWriter
    from edgepose.model import ModelSpec

    folder = tmp_path_factory.mktemp("examples")
    video = cv2.VideoWriter(str(folder / "people.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, SIZE_HW[::-1])
    with RecordingWriter(folder / "people.npz", ModelSpec(name="recorded"), SIZE_HW) as recording:
        for number in range(N_FRAMES):
            person = standing((200, 230)) if number < N_FRAMES / 2 else lying((120, 235))
            recording.append(fields_of([person], SIZE_HW))
            video.write(np.full((*SIZE_HW, 3), number, np.uint8))
    video.release()
    return folder


def python(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, **environment}, timeout=100
    )


def test_the_demo_brings_people_to_a_subscriber(folder):
    if not any((Path(place) / "mosquitto").exists() for place in (*os.get_exec_path(), "/usr/sbin")):
        pytest.skip("needs mosquitto, which is not installed (apt-get install mosquitto)")
    told = python(folder, str(ROOT / "examples/demo.py"), "people.avi", "--model", "people.npz")
    assert told.returncode == 0, told.stderr
    assert f"{N_FRAMES} frames" in told.stdout and "1 at most in one frame" in told.stdout
    skeletons, alerts = (int(re.search(rf"(\d+) {kind}", told.stdout)[1]) for kind in ("skeleton", "alert"))
    assert skeletons > 0.8 * N_FRAMES and alerts >= 1
    assert (folder / "out/demo/people.mp4").stat().st_size > 1000


def test_the_demo_says_in_a_sentence_what_is_missing(folder):
    told = python(folder, str(ROOT / "examples/demo.py"), "people.avi", "--model", "none.onnx")
    assert told.returncode == 1
    assert "none.onnx" in told.stderr and "Traceback" not in told.stderr


def test_a_rule_of_ones_own_tells_of_a_visitor(folder):
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        from own_rule import Visitor
    finally:
        sys.path.pop(0)
    import edgepose

    with edgepose.Pipeline(
        source=folder / "people.avi", model=folder / "people.npz", rules=[Visitor(stay_s=2)], keep_images=False
    ) as pipeline:
        events = [event for result in pipeline for event in result.events]
    assert [event.kind for event in events] == ["visitor"] and events[0].t == pytest.approx(2, abs=0.15)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_every_example_is_python(name):
    source = (ROOT / "examples" / name).read_text()
    compile(source, name, "exec")
    assert source.startswith('"""') and ".venv/bin/python" in source
