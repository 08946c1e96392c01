"""The native core, cross-built for aarch64, gives the reference's answers under qemu-user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "aarch64.sh"


@pytest.mark.slow
def test_the_cases_agree():
    for tool in ("aarch64-linux-gnu-g++", "qemu-aarch64-static"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool} (apt-get install g++-aarch64-linux-gnu qemu-user-static)")
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run([str(SCRIPT)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "23 cases, 0 failed" in done.stdout
