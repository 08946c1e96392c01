"""The unit and its drop-ins, judged by systemd's own tools."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "systemd" / "edgepose.service"
DROP_INS = sorted((ROOT / "systemd" / "edgepose.service.d").glob("*.conf"))

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze (apt-get install systemd)"
)


def installed(folder: Path, *drop_ins: Path) -> Path:
    """The unit with these drop-ins, laid out as on a machine."""
    unit = Path(shutil.copy(UNIT, folder))
    for drop_in in drop_ins:
        (folder / "edgepose.service.d").mkdir(exist_ok=True)
        shutil.copy(drop_in, folder / "edgepose.service.d")
    return unit


@pytest.mark.parametrize("drop_ins", [(), *[(path,) for path in DROP_INS]], ids=["plain", *[p.stem for p in DROP_INS]])
def test_systemd_has_nothing_to_say_about_the_unit(tmp_path, drop_ins):
    unit = installed(tmp_path, *drop_ins)
    told = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_the_check_itself_finds_a_misspelt_key(tmp_path):
    unit = installed(tmp_path)
    unit.write_text(unit.read_text().replace("ProtectHome=", "ProtectHouse="))
    assert "ProtectHouse" in subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True).stderr


@pytest.mark.parametrize("drop_ins", [(), tuple(p for p in DROP_INS if p.stem == "csi")], ids=["plain", "csi"])
def test_the_service_is_hardened(tmp_path, drop_ins):
    unit = installed(tmp_path, *drop_ins)
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", "--no-pager", unit]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout[-2000:]


def test_what_would_take_the_camera_or_gpu_away_is_not_there():
    words = UNIT.read_text().splitlines()
    for key in ("PrivateDevices=", "ProtectClock=", "DevicePolicy=", "DynamicUser=", "MemoryDenyWriteExecute="):
        assert not any(line.startswith(key) for line in words), key
