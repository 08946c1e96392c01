"""Half a minute of skeletons before and after a fall, held in memory until there is one."""

from __future__ import annotations

import gzip
import json
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pipeline_fakes import GreyBackend, NotingPublisher, PicturesSource, picture

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.options import AlertOptions
from edgepose.alerts.spool import Spool
from edgepose.alerts.store import MemoryAlertStore
from edgepose.cli import main
from edgepose.clock import uuid7
from edgepose.config import Config
from edgepose.device import control
from edgepose.device.control import ControlSocket
from edgepose.device.requests import Requests
from edgepose.pipeline import Pipeline
from edgepose.pipeline.trail import Trails
from edgepose.replay.lines import load_lines
from edgepose.types import Event, FrameResult, Pose, Track

DESK = AlertDesk("jetson", MemoryAlertStore())


def frame(k: int, fps: float = 15.0, people: int = 1, source: str = "hall") -> FrameResult:
    rng = np.random.default_rng(k)
    tracks = []
    for i in range(people):
        keypoints = np.column_stack([rng.uniform(0, 640, (18, 2)), rng.uniform(0, 1, 18)]).astype(np.float32)
        tracks.append(Track(i, Pose(keypoints, 0.5), k / fps))
    return FrameResult(
        source, k, k / fps, size_wh=(640, 480), tracks=tuple(tracks), image=np.zeros((4, 4, 3), np.uint8)
    )


def alert(kind: str = "new"):
    made = DESK.take("hall", Event("fall", "confirmed", time.monotonic(), episode=uuid7()))
    return made if kind == "new" else DESK.take("hall", Event("fall", "long_lie", time.monotonic(), episode=made.id))


@pytest.fixture
def kept() -> dict[str, list[list[dict]]]:
    return {}


@pytest.fixture
def trails(kept) -> Trails:
    def keep(incident: str, make) -> None:
        lines = gzip.decompress(make()).splitlines()
        kept.setdefault(incident, []).append([json.loads(line) for line in lines])

    return Trails(keep)


def test_a_fall_keeps_thirty_seconds_before_at_once_and_thirty_after_later(trails, kept):
    for k in range(60 * 15):
        trails.add(frame(k))
    one = alert()
    trails.begin(one, "hall", 899 / 15)
    (before,) = kept[one.id]
    assert before[0]["t"] == pytest.approx(899 / 15 - 30, abs=0.2) and before[-1]["t"] == pytest.approx(
        899 / 15, abs=0.1
    )
    for k in range(900, 900 + 31 * 15):
        trails.add(frame(k))
    first, whole = kept[one.id]
    assert first == before == whole[: len(before)]
    assert whole[-1]["t"] - 899 / 15 == pytest.approx(30, abs=0.2)
    assert max(b["t"] - a["t"] for a, b in pairwise(whole)) < 0.2  # every moment is there


@pytest.mark.parametrize(
    ("fps", "expected"), [(5, 5), (9, 9), (10, 10), (12, 10), (15, 10), (20, 10), (25, 10), (29.97, 10), (60, 10)]
)
def test_ten_frames_a_second_are_kept_at_any_rate(trails, kept, fps, expected):
    for k in range(round(30 * fps)):
        trails.add(frame(k, fps=fps))
    one = alert()
    trails.begin(one, "hall", 30.0)
    (lines,) = kept[one.id]
    assert len(lines) / 30 == pytest.approx(expected, rel=0.02)


def test_nothing_is_kept_or_held_where_nothing_happens(trails, kept):
    for k in range(100):
        trails.add(frame(k, people=0))
    assert kept == {} and trails._recent == {}
    for k in range(100, 1000):
        trails.add(frame(k, fps=30))
    assert kept == {} and len(trails._recent["hall"]) <= 316
    assert all(one.image is None for one in trails._recent["hall"])


def test_the_end_of_the_run_keeps_what_there_is(trails, kept):
    trails.add(frame(0))
    one = alert()
    trails.begin(one, "hall", 0.0)
    trails.add(frame(15))
    trails.close()
    assert [line["t"] for line in kept[one.id][-1]] == [0.0, 1.0]


def test_only_the_camera_and_the_first_alert_of_a_fall_count(trails, kept):
    trails.add(frame(0))
    trails.add(frame(0, source="door"))
    trails.begin(alert("update"), "hall", 0.0)
    assert kept == {}
    one = alert()
    trails.begin(one, "hall", 0.0)
    trails.close()
    assert {line["source"] for line in kept[one.id][-1]} == {"hall"}


def test_a_file_that_begins_again_does_not_mix_its_times(trails, kept):
    for k in range(30):
        trails.add(frame(k))
    for k in range(3):
        trails.add(frame(k))
    one = alert()
    trails.begin(one, "hall", 0.2)
    assert [line["t"] for line in kept[one.id][0]] == sorted(line["t"] for line in kept[one.id][0])


class Carrier:
    def __init__(self, desk: AlertDesk) -> None:
        self.desk = desk


@pytest.mark.parametrize("running", [True, False])
def test_they_come_out_as_a_recording_that_replay_reads(tmp_path: Path, monkeypatch, capsys, running: bool):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(control, "SERVICE_FOLDER", tmp_path / "none")
    desk = AlertDesk("jetson", Spool(tmp_path / "alerts.db"))
    trails = Trails(desk.store.keep_skeletons)
    for k in range(60):
        trails.add(frame(k, people=2))
    now = time.monotonic()
    one = desk.take("hall", Event("fall", "confirmed", now, started_t=now, episode=uuid7()))
    other = desk.take("hall", Event("fall", "confirmed", now, started_t=now, episode=uuid7()))
    trails.begin(one, "hall", 59 / 15)
    trails.close()
    place = tmp_path / "fall.jsonl"
    if not running:
        desk.store.close()
        assert main(["alert", "show", one.id, "--skeletons", str(place)]) == 0
    else:
        with ControlSocket(tmp_path / control.NAME, Requests(Carrier(desk))):
            assert main(["alert", "show", one.id, "--skeletons", str(place)]) == 0
            assert main(["alert", "show", other.id, "--skeletons", str(place)]) == 1
            assert "no skeletons were kept" in capsys.readouterr().err
        desk.store.close()
    (recording,) = load_lines(place)
    people = [len(one.people) for one in recording.frames]
    assert recording.camera == "hall" and len(people) >= 30 and set(people) == {2}


class OneFall:
    """A rule that sees one fall, confirmed in the third frame."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        self._n, self._id = 0, uuid7()

    def update(self, tracks, t: float):
        self._n += 1
        return [Event("fall", "confirmed", t, started_t=t, episode=self._id)] if self._n == 3 else []


class Taker(NotingPublisher):
    """Takes alerts at once."""

    def use_desk(self, desk: AlertDesk) -> None:
        self.desk = desk

    def alert(self, alert) -> None:
        self.desk.handed_over(alert)


@pytest.mark.parametrize("switch", [True, False])
def test_a_run_keeps_them_with_the_fall_unless_they_are_switched_off(tmp_path: Path, switch: bool):
    config = Config(alerts=AlertOptions(spool=str(tmp_path / "alerts.db"), skeletons=switch))
    source = PicturesSource(map(picture, [1, 2, 3, 4, 5, 6]), period_s=0.12)
    running = Pipeline(config, source=source, model=GreyBackend(), rules=[OneFall], publishers=[Taker()])
    assert running.run()["frames"] == 6
    store = Spool(tmp_path / "alerts.db")
    (incident,) = store.incidents(9)
    packed = store.skeletons(incident.id)
    store.close()
    assert "handed_over" in incident.seconds and (packed is not None) is switch
    if packed is not None:
        frames = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
        assert [one["seq"] for one in frames] == [0, 1, 2, 3, 4, 5]


def test_alerts_of_other_threads_and_what_waits_reach_the_publishers(tmp_path: Path):
    class Slow(Taker):
        urged = 0
        heard: list[str] = []

        def alert(self, alert) -> None:
            self.heard.append(alert.id)

        def try_again(self) -> None:
            self.urged += 1

    source, publisher = PicturesSource(map(picture, range(1, 8)), live=True, period_s=0.2), Slow()
    with Pipeline(Config(), source=source, model=GreyBackend(), rules=[], publishers=[publisher]) as running:
        running.start(to_caller=False)
        made = running.desk.take("hall", Event("fall", "confirmed", time.monotonic(), episode=uuid7()))
        running.carry([made])
        running.try_again()
        deadline = time.monotonic() + 5
        while not (publisher.urged and publisher.heard) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert (publisher.urged, publisher.heard) == (1, [made.id])
