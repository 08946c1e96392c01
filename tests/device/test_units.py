"""The units and their drop-ins, judged by systemd's own tools."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).resolve().parents[2] / "systemd"
UNIT = SYSTEMD / "edgepose.service"
DROP_INS = sorted((SYSTEMD / "edgepose.service.d").glob("*.conf"))
PREFIX = "edgepose-.service.d"
NAMES = sorted(path.name for pattern in ("*.service", "*.path", "*.timer") for path in SYSTEMD.glob(pattern))
SERVICES = [name for name in NAMES if name.endswith(".service")]

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze (apt-get install systemd)"
)


def installed(folder: Path, name: str, *drop_ins: Path) -> Path:
    """A unit with these drop-ins, laid out as on a machine; a template as the instance `hall`."""
    for path in SYSTEMD.iterdir():
        if path.suffix in (".service", ".path", ".timer"):
            shutil.copy(path, folder)
    shutil.copytree(SYSTEMD / PREFIX, folder / PREFIX)
    for drop_in in drop_ins:
        (folder / f"{name}.d").mkdir(exist_ok=True)
        shutil.copy(drop_in, folder / f"{name}.d")
    unit = folder / name.replace("@.", "@hall.")
    if not unit.exists():
        unit.symlink_to(name)
    return unit


def exposure(unit: Path) -> float:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
    told = subprocess.run(command, capture_output=True, text=True).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert found, told[-2000:]
    return float(found[1])


@needs_systemd
@pytest.mark.parametrize("name", NAMES)
def test_systemd_has_nothing_to_say_about_a_unit(tmp_path: Path, name: str) -> None:
    told = subprocess.run(["systemd-analyze", "verify", installed(tmp_path, name)], capture_output=True, text=True)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.parametrize("drop_in", DROP_INS, ids=[path.stem for path in DROP_INS])
def test_nor_about_a_drop_in(tmp_path: Path, drop_in: Path) -> None:
    unit = installed(tmp_path, UNIT.name, drop_in)
    told = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


@needs_systemd
def test_the_check_itself_finds_a_misspelt_key(tmp_path: Path) -> None:
    unit = installed(tmp_path, UNIT.name)
    unit.write_text(unit.read_text().replace("ProtectHome=", "ProtectHouse="))
    assert "ProtectHouse" in subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True).stderr


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(tmp_path: Path, name: str) -> None:
    assert exposure(installed(tmp_path, name)) <= 1.8


@needs_systemd
@pytest.mark.parametrize("drop_in", DROP_INS, ids=[path.stem for path in DROP_INS])
def test_and_with_each_drop_in(tmp_path: Path, drop_in: Path) -> None:
    assert exposure(installed(tmp_path, UNIT.name, drop_in)) <= (2.0 if drop_in.stem == "csi" else 1.8)


def settings(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.match(r"[A-Z]\w*=", line)]


def test_what_would_take_the_camera_or_gpu_away_is_not_there() -> None:
    for name in SERVICES:
        for key in ("PrivateDevices=", "ProtectClock=", "DevicePolicy=", "DynamicUser=", "MemoryDenyWriteExecute="):
            assert not any(line.startswith(key) for line in settings((SYSTEMD / name).read_text())), (name, key)


def test_the_profile_and_the_small_units_are_held_to_the_same_as_the_service() -> None:
    service = settings(UNIT.read_text())
    profile = settings((SYSTEMD / "edgepose@.service").read_text())
    own = ("Description", "Wants", "OnFailure", "ExecStart", "StateDirectory", "CacheDirectory", "RuntimeDirectory")
    own = (*(f"{key}=" for key in own), "Environment=HOME", "Environment=EDGEPOSE_ENGINE_UNIT")
    assert [line for line in service if not line.startswith(own)] == [
        line for line in profile if not line.startswith(own)
    ]
    small = settings((SYSTEMD / PREFIX / "hardening.conf").read_text())
    assert set(small) <= set(service)
    first = service.index("CapabilityBoundingSet=")
    assert set(service[first:]) - set(small) == {"WantedBy=multi-user.target"}


def test_every_unit_that_a_unit_names_is_there_and_installed() -> None:
    listed = (SYSTEMD / "install" / "units.sh").read_text()
    for name in NAMES:
        assert re.search(rf"(^|[\s']){re.escape(name)}([\s']|$)", listed), name
        for found in re.findall(r"edgepose[\w-]*(?:@[\w%]*)?\.(?:service|path|timer)", (SYSTEMD / name).read_text()):
            assert re.sub(r"@[\w%]*\.", "@.", found) in NAMES, (name, found)
