"""By default no pixels leave the device, and nothing else goes where docs/reference/privacy.md does not say.

Two runs see entirely different pictures and the same people (recorded fields, so that no network is between): whatever
they send and keep must be the same, times and ids apart. What does not depend on the pixels does not hold them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from builders import fields_of, lying, standing
from publish_scene import Mosquitto, wait_for
from schema_check import wrong
from subscriber import Subscriber

from edgepose.backends.recording import RecordingWriter
from edgepose.model import ModelSpec

cv2 = pytest.importorskip("cv2")

SIZE_HW = (256, 448)
N_FRAMES = 40

WATCHED = """
import json, os, sys
seen = {"connect": [], "bind": [], "write": [], "program": []}

def hook(event, values):
    if event in ("socket.connect", "socket.sendto"):
        seen["connect"].append(str(values[1]))
    elif event == "socket.bind":
        seen["bind"].append(str(values[1]))
    elif event == "open" and isinstance(values[0], str):
        if (values[1] and set(values[1]) & set("wax+")) or (values[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            seen["write"].append(os.path.abspath(values[0]))
    elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        seen["program"].append(str(values[0]))

report = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
sys.addaudithook(hook)
from edgepose.cli import main
code = main(sys.argv[2:])
os.write(report, json.dumps(seen).encode())
sys.exit(code)
"""


class Run(NamedTuple):
    """What one run sent, wrote and connected to."""

    messages: list[tuple[str, bytes]]
    files: dict[str, bytes]
    modes: set[int]
    seen: dict[str, list[str]]
    port: int


def video(path: Path, seed: int) -> None:
    """Noise that nothing but its seed can make."""
    noise = np.random.default_rng(seed)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, SIZE_HW[::-1])
    for _ in range(N_FRAMES):
        writer.write(noise.integers(0, 256, (*SIZE_HW, 3), np.uint8))
    writer.release()


def run(folder: Path, broker: Mosquitto, seed: int) -> Run:
    """`edgepose run` with nothing configured but source, network, broker and the service's folders."""
    for name in ("inputs", "state", "cache", "home", "tmp", "here"):
        (folder / name).mkdir(parents=True)
    inputs = folder / "inputs"
    video(inputs / "hall.avi", seed)
    with RecordingWriter(inputs / "people.npz", ModelSpec(name="recorded"), SIZE_HW) as recording:
        for number in range(N_FRAMES):
            person = standing((200, 230)) if number < N_FRAMES / 2 else lying((120, 235))
            recording.append(fields_of([person], SIZE_HW))
    config = inputs / "edgepose.toml"
    config.write_text(
        f'[model]\npath = "{inputs}/people.npz"\nbackend.name = "replay"\n'
        f'[[sources]]\nuri = "{inputs}/hall.avi"\nname = "hall"\n[mqtt]\nurl = "{broker.url}"\ndevice = "jetson"\n'
    )
    places = {"STATE_DIRECTORY": "state", "CACHE_DIRECTORY": "cache", "HOME": "home", "TMPDIR": "tmp"}
    environment = {**os.environ, **{key: str(folder / name) for key, name in places.items()}}
    words = [sys.executable, "-c", WATCHED, str(inputs / "report"), "run", "--config", str(config)]
    with Subscriber(broker.port) as subscriber:
        told = subprocess.run(words, cwd=folder / "here", env=environment, capture_output=True, text=True, timeout=60)
        assert told.returncode == 0, told.stderr
        assert wait_for(lambda: b"stopped" in subscriber.raw("jetson/status"))
        messages = [(topic, payload) for topic, payload, _ in subscriber.messages]
    kept = [path for path in folder.rglob("*") if path.is_file() and inputs not in path.parents]
    files = {str(path.relative_to(folder)): path.read_bytes() for path in kept}
    modes = {path.stat().st_mode & 0o777 for path in kept}
    return Run(messages, files, modes, json.loads((inputs / "report").read_text()), broker.port)


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> tuple[Run, Run]:
    from publish_scene import broker_program

    if not broker_program():
        pytest.skip("needs mosquitto, which is not installed (apt-get install mosquitto)")
    found = []
    for seed in (1, 2):
        folder = tmp_path_factory.mktemp("privacy")
        broker = Mosquitto(folder).start()
        try:
            found.append(run(folder / "run", broker, seed))
        finally:
            broker.stop()
    return found[0], found[1]


TIMES = {"t", "captured", "started", "ended", "mono_ms", "id", "alert_id", "boot", "at", "clock", "delivery", "since"}
"""Fields that differ between any two runs."""


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: timeless(one) for key, one in value.items() if key not in TIMES}
    return [timeless(one) for one in value] if isinstance(value, list) else value


def said(one: Run, kind: str) -> list[Any]:
    return [timeless(json.loads(payload)) for topic, payload in one.messages if topic.endswith(kind)]


def test_other_pictures_of_the_same_people_lead_to_the_same_messages(runs):
    first, second = runs
    assert {topic for topic, _ in first.messages} == {topic for topic, _ in second.messages}
    assert said(first, "/alert") and said(first, "/alert") == said(second, "/alert")
    by_frame = [{one["seq"]: one for one in said(run, "/skeleton")} for run in runs]
    common = by_frame[0].keys() & by_frame[1].keys()
    assert len(common) > 0.7 * N_FRAMES  # the run is faster than the video, and a slow broker may let some go
    assert all(by_frame[0][seq] == by_frame[1][seq] for seq in common)
    for kind in ("/info", "/fall", "/occupancy", "/drill"):
        assert said(first, kind)[-1:] == said(second, kind)[-1:]


def test_every_message_is_one_of_the_documented_and_none_could_hold_a_picture(runs):
    for one in runs:
        assert all(wrong(topic, payload) is None for topic, payload in one.messages)
        largest = max(len(payload) for topic, payload in one.messages if not topic.endswith("/info"))
        assert largest < 4096  # the pictures are 344,064 bytes each


def test_nothing_is_kept_but_the_alerts_and_they_are_for_their_owner_alone(runs):
    first, second = runs
    assert set(first.files) == set(second.files)
    assert {Path(name).name for name in first.files} <= {"alerts.db", "alerts.db-wal", "alerts.db-shm", *SIDE_FILES}
    assert all(name.startswith("state/") for name in first.files)
    assert first.files["state/alerts.db.ballast"].strip(b"\0") == b""
    assert first.modes == second.modes == {0o600}


SIDE_FILES = ("alerts.db.lock", "alerts.db.ballast")


def test_there_is_one_connection_and_no_other_program(runs):
    for one in runs:
        others = [address for address in one.seen["connect"] if str(one.port) not in address]
        assert len(others) < len(one.seen["connect"])
        # The MQTT client wakes itself through a pair of sockets of its own, on loopback, and names no source address.
        pairs = one.seen["bind"].count("('127.0.0.1', 0)")
        assert len(others) <= pairs and all("'127.0.0.1'" in address for address in others)
        assert set(one.seen["bind"]) <= {"('127.0.0.1', 0)", "('', 0)"}
        assert one.seen["program"] == []
        elsewhere = [path for path in one.seen["write"] if not path.startswith(("/dev/", "/proc/"))]
        assert all("/run/" in path for path in elsewhere), elsewhere
