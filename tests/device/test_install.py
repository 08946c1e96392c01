"""install.sh: what it says before it does anything, and that --dry-run does nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def install(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(ROOT / "install.sh"), *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=60)


@pytest.mark.parametrize("words", [(), ("party",), ("demo", "--film"), ("device", "--quickly")])
def test_wrong_usage_shows_the_usage_and_ends_with_2(words):
    told = install(*words)
    assert told.returncode == 2 and "usage:" in told.stderr


def test_a_missing_video_is_said_in_a_sentence(tmp_path):
    told = install("demo", "--video", str(tmp_path / "none.avi"))
    assert told.returncode == 1 and "--video needs a file" in told.stderr


def test_an_old_python_is_told_with_its_version_and_the_way_out(tmp_path):
    old = tmp_path / "python"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.8.10\nexit 1\n')
    old.chmod(0o755)
    told = install("test", EDGEPOSE_PYTHON=str(old), EDGEPOSE_VENV=str(tmp_path / "venv"), PATH=packaged(tmp_path))
    assert told.returncode == 1
    assert "needs Python 3.10 or newer and found Python 3.8.10" in told.stderr and "EDGEPOSE_PYTHON" in told.stderr


def packaged(folder: Path) -> str:
    """A PATH on which every Debian package counts as installed."""
    query = folder / "dpkg-query"
    query.write_text("#!/bin/sh\necho install ok installed\n")
    query.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_dry_run_of_the_device_shows_every_step_and_takes_none(tmp_path):
    before = Path("/etc/systemd/system/edgepose.service").exists(), Path("/opt/edgepose").exists()
    told = install("device", "--dry-run", TMPDIR=str(tmp_path))
    assert told.returncode == 0, told.stderr
    if before == (False, False):
        for words in ("user edgepose", "--system-site-packages", "edgepose.service", "edgepose.toml"):
            assert words in told.stdout
    assert before == (Path("/etc/systemd/system/edgepose.service").exists(), Path("/opt/edgepose").exists())


def uninstalled(folder: Path, config: str, edgepose: str, *, dry_run: bool = False) -> str:
    """What is said and done, in a folder that stands for the system's, by an `edgepose` that is this shell code."""
    program = folder / "opt/venv/bin/edgepose"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{edgepose}\n")
    program.chmod(0o755)
    (folder / "edgepose.toml").write_text(config)
    (folder / "mqtt-password").write_text("secret")
    script = f"""
        . {ROOT}/systemd/device.sh
        set -eu
        step() {{ printf '%s\\n' "$1"; shift; "$@"; }}
        systemd_runs() {{ false; }}
        OPT={folder}/opt ETC={folder} UNITS={folder}/units DROP_INS={folder}/units/d DRY_RUN={"1" if dry_run else ""}
        {"uninstall_device" if dry_run else "forget_on_broker"}
    """
    told = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30)
    assert told.returncode == 0, told.stderr
    return told.stdout


BROKER = '[mqtt]\nurl = "mqtt://hall@localhost"\n'


def test_removing_the_service_clears_the_broker_before_the_program_goes(tmp_path):
    said = uninstalled(tmp_path, BROKER, "exit 0", dry_run=True)
    cleared, removed = said.index("mqtt forget --config"), said.index(f"remove {tmp_path}/opt")
    assert cleared < removed and f"--password-file {tmp_path}/mqtt-password" in said


@pytest.mark.parametrize(
    ("config", "edgepose", "expected"),
    [
        (BROKER, 'echo "cleared $*"', "cleared mqtt forget"),
        (BROKER, "exit 1", "Not cleared; later: edgepose mqtt forget"),
        ("[mqtt]\n# none\n", "echo asked", ""),
    ],
    ids=["cleared", "broker away", "no broker"],
)
def test_a_broker_that_is_away_or_not_there_is_no_obstacle(tmp_path, config, edgepose, expected):
    said = uninstalled(tmp_path, config, edgepose)
    assert expected in said and bool(expected) == bool(said)


def test_the_shell_code_is_sound():
    for script in ("install.sh", "systemd/device.sh", ".ci/run"):
        assert subprocess.run(["bash", "-n", str(ROOT / script)]).returncode == 0
