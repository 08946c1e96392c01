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


def test_the_shell_code_is_sound():
    for script in ("install.sh", "systemd/device.sh", ".ci/run"):
        assert subprocess.run(["bash", "-n", str(ROOT / script)]).returncode == 0
