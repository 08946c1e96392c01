"""`doctor --bundle` takes along what helps, and nothing that opens a door or shows a person."""

from __future__ import annotations

import json
import stat
import tarfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.spool import Spool
from edgepose.cli import main
from edgepose.clock import uuid7
from edgepose.config import Config, SourceEntry, ZoneEntry, parse_config
from edgepose.device import bundle, control
from edgepose.device.bundle import scrubbed_toml, write_bundle
from edgepose.device.check import Check
from edgepose.types import Event

SECRET = "Hunter2-9f8e7d6c5b4a"
ADDRESSES = (
    f"rtsp://admin:{SECRET}@10.0.0.7/stream1",
    f"rtsp://10.0.0.7/{SECRET}?user=admin&password={SECRET}",
    f"https://ntfy.sh/{SECRET}",
    f"mqtts://anna:{SECRET}@broker.lan:8883",
)


def contents(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        return {one.name.split("/")[1]: archive.extractfile(one).read().decode() for one in archive.getmembers()}


def with_secret(struct: msgspec.Struct, address: str) -> msgspec.Struct:
    """A copy in which every text without a choice of values, at any depth, is the address."""
    changed: dict[str, Any] = {}
    for field in msgspec.structs.fields(type(struct)):
        value = getattr(struct, field.name)
        if isinstance(value, msgspec.Struct):
            changed[field.name] = with_secret(value, address)
        elif isinstance(value, str) and "Literal" not in str(field.type):
            changed[field.name] = address
    for name, value in changed.items():
        try:
            struct = replace(struct, **{name: value})
        except Exception:  # a text of another form, such as an address to listen at
            continue
    return struct


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_option_of_the_schema_gives_a_secret_away(address: str):
    config = with_secret(Config(), address)
    config = replace(
        config,
        sources=(SourceEntry(uri=address),),
        plugins={"chime": {"key": SECRET, "deep": {"token": SECRET}}},
        mqtt=replace(config.mqtt, urls=(address,)) if hasattr(config.mqtt, "urls") else config.mqtt,
    )
    assert SECRET not in scrubbed_toml(config)


def test_what_is_no_secret_stays_and_can_be_read_again():
    zone = ZoneEntry(name="bed", policy="bed", polygon=((0, 0), (1, 0), (1, 1)), camera="hall")
    config = Config(sources=(SourceEntry(uri="rtsp://10.0.0.7/stream1", name="hall"),), zones=(zone,))
    assert parse_config(scrubbed_toml(config)) == config


def test_the_bundle_is_private_and_says_what_is_missing(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(bundle, "SERVICE_CONFIG", tmp_path / "none.toml")
    monkeypatch.setattr(bundle, "_journal", lambda: 1 / 0)
    target = tmp_path / "trouble.tar.gz"
    names = write_bundle(target, [Check(name="disk", status="warn", found="full", fix="make room")])
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    found = contents(target)
    assert sorted(found) == sorted(names)
    assert json.loads(found["doctor.json"])[0]["fix"] == "make room"
    assert "numpy" in found["versions.json"] and json.loads(found["status.json"])["level"]
    assert "does not exist" in found["edgepose.toml.missing"] and "ZeroDivisionError" in found["journal.txt.missing"]


def test_the_verb_takes_the_configuration_along(tmp_path: Path, capsys):
    config = tmp_path / "edgepose.toml"
    config.write_text(f'[[sources]]\nuri = "{ADDRESSES[0]}"\n[mqtt]\nurl = "mqtt://anna:{SECRET}@127.0.0.1:1"\n')
    target = tmp_path / "trouble.tar.gz"
    main(["doctor", "--json", "--config", str(config), "--bundle", str(target)])
    said = capsys.readouterr()
    broker = next(one for one in json.loads(said.out)["checks"] if one["name"] == "MQTT broker")
    assert broker["found"].startswith("127.0.0.1:1 cannot be reached") and "look into it" in said.err
    found = contents(target)
    assert "10.0.0.7" in found["edgepose.toml"]
    assert not any(SECRET in text for text in (*found.values(), said.out, said.err))


def test_what_waits_is_counted_while_no_service_runs(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(control, "SERVICE_FOLDER", tmp_path / "none")
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setattr(bundle, "_journal", lambda: "")
    desk = AlertDesk("jetson", Spool(tmp_path / "alerts.db"))
    desk.take("hall", Event("fall", "confirmed", 1.0, started_t=1.0, episode=uuid7()))
    desk.store.close()
    config = tmp_path / "edgepose.toml"
    config.write_text(f'[alerts]\nspool = "{tmp_path}/alerts.db"\n')
    write_bundle(tmp_path / "trouble.tar.gz", [], config)
    found = json.loads(contents(tmp_path / "trouble.tar.gz")["spool.json"])
    assert (found["waiting"], found["incidents"], found["open"]) == (1, {"confirmed": 1}, 1)
    assert not found["service_runs"]


def test_a_place_that_takes_no_file_is_one_sentence(tmp_path: Path, capsys):
    (tmp_path / "none").write_text("a file")
    assert main(["doctor", "--bundle", str(tmp_path / "none/trouble.tar.gz")]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
