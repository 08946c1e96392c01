"""`edgepose spool replay` hands over what waits in a file that no service looks after, and says what it could not."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from publish_scene import free_port, wait_for
from subscriber import Subscriber

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.spool import Spool
from edgepose.cli import main
from edgepose.clock import uuid7
from edgepose.device import control
from edgepose.types import Event


@pytest.fixture
def spool(tmp_path: Path, monkeypatch) -> Path:
    """A spool of five alerts, one critical, and nobody who owns it."""
    monkeypatch.setattr(control, "SERVICE_FOLDER", tmp_path / "none")
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    desk = AlertDesk("jetson", Spool(tmp_path / "alerts.db"))
    for stage in ("suspected", "suspected", "confirmed", "suspected", "suspected"):
        desk.take("hall", Event("fall", stage, time.monotonic(), episode=uuid7()))
    desk.store.close()
    return tmp_path / "alerts.db"


def config(folder: Path, url: str) -> list[str]:
    (folder / "edgepose.toml").write_text(f'[mqtt]\nurl = "{url}"\ndevice = "jetson"\n')
    return ["--config", str(folder / "edgepose.toml")]


def test_what_waits_is_handed_over_and_nothing_else_is_said(broker, spool, tmp_path, capsys):
    words = ["spool", "replay", "--spool", str(spool), *config(tmp_path, broker.url), "--json"]
    with Subscriber(broker.port) as subscriber:
        assert main(words) == 0
        report = json.loads(capsys.readouterr().out)
        assert (report["offered_again"], report["handed_over"], report["service_runs"]) == (5, 5, False)
        assert wait_for(lambda: sorted(one["seq"] for one in subscriber.json("/alert")) == [0, 1, 2, 3, 4])
        assert {topic for topic, *_ in subscriber.messages} == {"edgepose/v1/jetson/cam/hall/alert"}
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["handed_over"] == 0


def test_where_nobody_subscribes_they_go_on_waiting(broker, spool, tmp_path, capsys):
    assert main(["spool", "replay", "--spool", str(spool), *config(tmp_path, broker.url)]) == 1
    said = capsys.readouterr().err
    assert "0 of 5 alerts were handed over, 5 go on waiting: nobody subscribes" in said
    assert main(["spool", "ls", "--spool", str(spool), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["waiting"] == 5


def test_a_broker_that_is_away_is_one_sentence(spool, tmp_path, capsys):
    began = time.monotonic()
    assert main(["spool", "replay", "--spool", str(spool), *config(tmp_path, f"mqtt://127.0.0.1:{free_port()}")]) == 1
    assert "5 go on waiting: broker mqtt://127.0.0.1" in capsys.readouterr().err
    assert time.monotonic() - began < 8


def test_without_a_broker_it_says_what_to_name(spool, capsys):
    assert main(["spool", "replay", "--spool", str(spool)]) == 1
    assert "no broker is named: start the service, or name a configuration" in capsys.readouterr().err


def test_a_spool_that_somebody_owns_is_left_to_it(broker, spool, tmp_path, capsys):
    owner = Spool(spool)
    assert main(["spool", "replay", "--spool", str(spool), *config(tmp_path, broker.url)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    owner.close()
