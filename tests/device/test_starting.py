"""How a service starts and goes on: cameras that are away, configurations that cannot be used, SIGHUP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgepose import Pipeline
from edgepose.cli import main
from edgepose.config import load_config, parse_config
from edgepose.device import config_keeper
from edgepose.device.config_keeper import ConfigKeeper
from edgepose.device.starting import EX_CONFIG, UnusableConfigError, last_good_file, opened_as_service, patient
from edgepose.errors import ConfigError, SourceError
from edgepose.events import RULES

LIVE = '[[sources]]\nuri = "synthetic://?live=true&frames=0&people=1&width=96&height=64"\nname = "hall"\n'


@pytest.fixture(autouse=True)
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEPOSE_SERVICE", "1")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "edgepose.toml"
    path.write_text(f'[model]\npath = "edgepose-nano"\nbackend.name = "replay"\n{LIVE}')
    return path


def until(true: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "that never came true"
        time.sleep(0.02)


def started(config: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "edgepose", "run", "--config", str(config), "--json"]
    return subprocess.Popen(words, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_camera_that_is_dead_at_the_start_does_not_end_the_service(config: Path, tmp_path: Path) -> None:
    with config.open("a") as file:
        file.write('[[sources]]\nuri = "v4l2:///dev/video99"\nname = "door"\n')
    words = [sys.executable, "-m", "edgepose", "run", "--config", str(config), "--max-frames", "5", "--json"]
    ended = subprocess.run(words, capture_output=True, timeout=60)
    assert ended.returncode == 0, ended.stderr.decode()
    assert json.loads(ended.stdout)["frames"] == 5


def test_by_hand_it_is_still_an_error(config: Path, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.delenv("EDGEPOSE_SERVICE")
    with config.open("a") as file:
        file.write('[[sources]]\nuri = "v4l2:///dev/video99"\nname = "door"\nopen_timeout_s = 1\n')
    assert main(["run", "--config", str(config), "--max-frames", "5"]) == 1
    assert "video99" in capsys.readouterr().err


SQUARE = 'policy = "bed"\npolygon = [[0,0],[1,0],[1,1]]'
UNUSABLE = {
    "an unknown key": ("colour = 1\n", "unknown key 'colour'"),
    "no TOML": ("[[[", "is not valid TOML"),
    "no source": ("rules = []\n", "no source to read"),
    "a missing video": ('[[sources]]\nuri = "/nowhere/film.avi"\n', "/nowhere/film.avi"),
    "a missing model": ('[model]\npath = "/nowhere/pose.onnx"\n' + LIVE, "/nowhere/pose.onnx"),
    "a zone of no camera": (
        LIVE + '[[zones]]\nname = "bed"\ncamera = "attic"\npolicy = "bed"\npolygon = [[0,0],[1,0],[1,1]]\n',
        "attic",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_configuration_that_cannot_work_ends_with_78_where_none_worked_before(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = UNUSABLE[case]
    path = tmp_path / "edgepose.toml"
    path.write_text(text)
    assert main(["run", "--config", str(path)]) == EX_CONFIG == 78
    said = capsys.readouterr().err
    assert words in said and "no earlier configuration that worked" in said and said.count("\n") == 1


@pytest.mark.parametrize("case", UNUSABLE)
def test_the_last_one_that_worked_is_taken_where_there_is_one(config: Path, case: str, caplog: Any) -> None:
    good = last_good_file(config)
    good.parent.mkdir(parents=True)
    good.write_text(config.read_text())
    text, words = UNUSABLE[case]
    config.write_text(text)
    pipeline, found, why = opened_as_service(config, lambda config: Pipeline(config, publishers=[]))
    pipeline.close()
    assert found.sources[0].name == "hall" and words in why and words in caplog.text


def test_neither_can_be_used(config: Path) -> None:
    good = last_good_file(config)
    good.parent.mkdir(parents=True)
    good.write_text("colour = 1\n")
    config.write_text("shape = 1\n")
    with pytest.raises(UnusableConfigError, match=r"unknown key 'shape'.*cannot be used either.*'colour'"):
        opened_as_service(config, Pipeline)


def test_a_fault_that_is_not_the_configurations_is_no_reason_to_take_another(config: Path) -> None:
    def broken(config: Any) -> None:
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError):
        opened_as_service(config, broken)


def test_fragments_are_joined_and_name_themselves_where_they_are_wrong(config: Path) -> None:
    folder = config.parent / "conf.d"
    folder.mkdir()
    for camera in ("hall", "bath"):
        (folder / f"zones-{camera}.toml").write_text(f'[[zones]]\nname = "{camera} bed"\ncamera = "hall"\n{SQUARE}\n')
    (folder / "broker.toml").write_text('[mqtt]\nurl = "mqtt://broker.lan"\n')
    found = load_config(config)
    assert [zone.name for zone in found.zones] == ["bath bed", "hall bed"]
    assert (found.mqtt.url, found.model.backend.name) == ("mqtt://broker.lan", "replay")
    (folder / "broker.toml").write_text('[mqtt]\nurll = "mqtt://broker.lan"\n')
    with pytest.raises(ConfigError, match=r"conf\.d/broker\.toml: unknown key 'mqtt\.urll'; did you mean 'url'"):
        load_config(config)


def test_a_profile_has_fragments_of_its_own(config: Path) -> None:
    profile = config.with_name("attic.toml")
    profile.write_text(config.read_text())
    for folder, name in (("conf.d", "other"), ("attic.d", "attic")):
        (config.parent / folder).mkdir()
        (config.parent / folder / "broker.toml").write_text(f'[mqtt]\ndevice = "{name}"\n')
    assert load_config(profile).mqtt.device == "attic"


class Lying:
    """A rule that has something open, and says what becomes of it."""

    made: list[Lying] = []

    def __init__(self, *_: Any, **__: Any) -> None:
        self.given_up = ""
        self.made.append(self)

    def update(self, tracks: Any, t: float) -> list[Any]:
        return []

    def abandon(self, why: str) -> list[Any]:
        self.given_up = why
        return []


class Run:
    """A pipeline of a service with its configuration's keeper, in this process."""

    def __init__(self, config: Path, why: str = "") -> None:
        self.config = patient(load_config(config))
        self.tracks: set[int] = set()
        self.pipeline = Pipeline(self.config, publishers=[self])  # type: ignore[list-item]
        self.keeper = ConfigKeeper(self.pipeline, config, self.config, why)
        self.keeper.__enter__()
        self.pipeline.start(to_caller=False)

    def open(self, card: Any) -> None: ...
    def publish(self, result: Any) -> None: ...
    def camera_state(self, source: str, state: str) -> None: ...
    def stats(self, values: Any) -> None: ...
    def close(self) -> None: ...

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.pipeline.troubles]

    def end(self) -> None:
        self.keeper.__exit__()
        self.pipeline.close()


@pytest.fixture
def run(config: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Run]]:
    monkeypatch.setattr(config_keeper, "GOOD_S", 0.0)
    monkeypatch.setattr(config_keeper, "_POLL_S", 0.02)
    monkeypatch.setitem(RULES, "gesture", f"{__name__}:Lying")
    Lying.made.clear()
    runs: list[Run] = []

    def start(why: str = "") -> Run:
        runs.append(Run(config, why))
        until(lambda: Lying.made)
        return runs[-1]

    config.write_text('rules = ["gesture"]\n' + config.read_text())
    yield start
    for one in runs:
        one.end()


def test_what_works_is_kept_and_what_an_earlier_one_runs_for_is_said(config: Path, run: Any) -> None:
    run()
    until(last_good_file(config).exists)
    assert load_config(last_good_file(config)).sources[0].name == "hall"
    assert last_good_file(config).stat().st_mode & 0o777 == 0o600
    running = run("edgepose.toml cannot be used")
    assert running.codes == ["config_fallback"]
    about = running.pipeline.about()
    assert about["cameras"] == {"hall": "online"} and about["network"]["backend"] == "replay"
    assert about["watch"]["hall"].keys() == {"state", "idle_s", "day", "watched_s", "unwatched_s"}


def test_sighup_takes_rules_and_zones_while_cameras_and_tracks_go_on(config: Path, run: Any) -> None:
    running = run()
    frames = running.pipeline.report()["frames"]
    first = Lying.made[0]
    config.write_text(config.read_text() + f'[[zones]]\nname = "bed"\ncamera = "hall"\n{SQUARE}\n')
    os.kill(os.getpid(), signal.SIGHUP)
    until(lambda: len(Lying.made) == 2)
    assert first.given_up == "the configuration was read again"
    until(lambda: running.pipeline.report()["frames"] > frames + 5)
    assert running.codes == []


def test_what_cannot_change_while_it_runs_waits_for_a_restart_and_is_said(config: Path, run: Any) -> None:
    running = run()
    config.write_text(config.read_text() + "[pipeline]\nmax_batch = 2\n")
    os.kill(os.getpid(), signal.SIGHUP)
    until(lambda: running.codes == ["config_waits"])
    assert "pipeline" in running.pipeline.troubles[0].hint


def test_a_configuration_that_cannot_be_used_changes_nothing(config: Path, run: Any) -> None:
    running, before = run(), config.read_text()
    config.write_text("colour = 1\n")
    os.kill(os.getpid(), signal.SIGHUP)
    until(lambda: running.codes == ["config_refused"])
    assert len(Lying.made) == 1
    config.write_text(before)
    os.kill(os.getpid(), signal.SIGHUP)
    until(lambda: running.codes == [])


def test_sigterm_ends_it_in_time_and_sighup_before_that_does_not(config: Path) -> None:
    process = started(config)
    until(last_good_file(config).exists)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=10)
    assert process.returncode == 0 and time.monotonic() - begun < 8
    assert json.loads(out)["network"]["backend"] == "replay"


def test_a_source_error_names_the_camera() -> None:
    with pytest.raises(SourceError):
        Pipeline(parse_config('[[sources]]\nuri = "/nowhere/film.avi"\n'))
