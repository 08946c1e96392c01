"""OpenVINO runs the network and reports nothing of it to anybody."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, socket, sys

def note(event, words):  # a report is sent by a child, whose own buffer nobody would see
    if event in ("socket.getaddrinfo", "socket.connect", "os.fork"):
        os.write(1, f"{{event}} {{words}}\\n".encode())
sys.addaudithook(note)
import numpy
{first}
from edgepose import PoseEstimator
with PoseEstimator(backend="openvino", height=64) as estimator:
    estimator(numpy.zeros((64, 64, 3), numpy.uint8))
from edgepose.backends.openvino_package import load_openvino
assert load_openvino() is sys.modules["openvino"]
print(sys.modules.get("openvino_telemetry", "gone"))
"""


@pytest.fixture
def run(tmp_path):
    pytest.importorskip("openvino")

    def run(first: str = "") -> str:
        words = [sys.executable, "-c", PROGRAM.format(first=first)]
        environment = {"HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    return run


def test_running_a_network_asks_nobody_and_leaves_no_id_at_home(run, tmp_path):
    assert run() == "gone"
    assert list(tmp_path.iterdir()) == []


def test_reports_that_a_program_has_loaded_itself_stay_its_own(run):
    stand_in = "import types; sys.modules['openvino_telemetry'] = types.ModuleType('openvino_telemetry')"
    assert run(stand_in + "; import openvino").startswith("<module 'openvino_telemetry'")
