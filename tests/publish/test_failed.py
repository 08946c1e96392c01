"""A service that has given up is told of on the broker, whatever is wrong with its configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from publish_scene import Mosquitto, wait_for
from subscriber import Subscriber

from edgepose.cli import main
from edgepose.device.starting import last_good_file


@pytest.mark.parametrize("case", ["a wrong key", "no TOML", "it can be read"])
def test_health_says_failed_with_the_reason(
    case: str, tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    path = tmp_path / "edgepose.toml"
    mqtt = f'[mqtt]\nurl = "{broker.url}"\ndevice = "jetson"\n'
    good = last_good_file(path)
    good.parent.mkdir()
    good.write_text(mqtt)
    path.write_text({"a wrong key": f"colour = 1\n{mqtt}", "no TOML": "[[[", "it can be read": mqtt}[case])
    assert main(["mqtt", "failed", "--config", str(path)]) == 0
    with Subscriber(broker.port) as subscriber:
        assert wait_for(lambda: subscriber.json("jetson/health"))
        health = subscriber.json("jetson/health")[0]
        assert (health["level"], health["reasons"][0]["code"]) == ("failed", "service_failed")
        words = {"a wrong key": "unknown key 'colour'", "no TOML": "not valid TOML", "it can be read": "journalctl"}
        assert words[case] in health["reasons"][0]["hint"]
        assert wait_for(lambda: subscriber.raw("jetson/status") == [b"offline"])


def test_a_configuration_without_a_broker_has_nobody_to_tell(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "edgepose.toml"
    path.write_text("rules = []\n")
    assert main(["mqtt", "failed", "--config", str(path)]) == 0
    assert "none" in capsys.readouterr().out
