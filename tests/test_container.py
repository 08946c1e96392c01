"""The files of examples/container fit together: what is named is there, nobody is root, nothing is written outside."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from edgepose.config import load_config

ROOT = Path(__file__).parents[1]
HERE = ROOT / "examples/container"
DOCKERFILE = (HERE / "Dockerfile").read_text()


def instructions() -> list[tuple[str, str]]:
    """Each with its words, continued lines joined."""
    lines = re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line and not line.startswith("#")]


def test_what_is_copied_into_the_image_is_there_and_not_ignored():
    ignored = (HERE / "Dockerfile.dockerignore").read_text().split()
    for name, words in instructions():
        if name == "COPY" and "--from" not in words:
            source = words.split()[0]
            assert (ROOT / source).exists() and source.split("/")[0] not in ignored
    for needed in ("setup.cfg", "setup.py", "pyproject.toml", "edgepose", "README.md", "LICENSE", "NOTICE", "examples"):
        assert needed not in ignored and (ROOT / needed).exists()


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is():
    found = instructions()
    last = max(k for k, (name, _) in enumerate(found) if name == "FROM")
    after = dict(found[last:])
    assert after["USER"] == "10001" and "useradd --system --uid 10001" in DOCKERFILE
    assert "edgepose status" in after["HEALTHCHECK"] and after["CMD"].startswith('["edgepose", "run"')
    assert "EDGEPOSE_SERVICE=1" in after["ENV"] and "RUNTIME_DIRECTORY=/run/edgepose" in after["ENV"]


def test_compose_writes_to_volumes_only_and_opens_no_port_to_others():
    compose = yaml.safe_load((HERE / "compose.yml").read_text())
    services = compose["services"]
    one = services["edgepose"]
    assert one["read_only"] and one["cap_drop"] == ["ALL"] and "no-new-privileges:true" in one["security_opt"]
    assert (HERE / one["build"]["context"] / one["build"]["dockerfile"]).is_file()
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (HERE / source).exists() if source.startswith(".") else source in compose["volumes"]
    assert {name for name, service in services.items() if "profiles" in service} == {"home-assistant", "prometheus"}


def test_the_configuration_is_one_and_keeps_alerts_on_the_volume():
    config = load_config(HERE / "edgepose.toml")
    assert config.mqtt.url == "mqtt://broker:1883" and config.mqtt.discovery
    assert str(config.alerts.spool_path).startswith("/var/lib/edgepose/")
    prometheus = yaml.safe_load((HERE / "prometheus.yml").read_text())
    assert prometheus["scrape_configs"][0]["static_configs"][0]["targets"] == [config.metrics.listen]


@pytest.mark.parametrize("words", [[], ["rebuild"]], ids=["nothing", "something else"])
def test_the_shared_script_says_what_it_takes(words: list[str]):
    found = subprocess.run(["sh", HERE / "build.sh", *words], capture_output=True, text=True, check=False)
    assert found.returncode == 2 and "wheel SOURCE WHEELS" in found.stderr
    for line in re.findall(r"build\.sh (\w+)", DOCKERFILE):
        assert line in ("wheel", "install")
