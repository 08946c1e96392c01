"""A fresh clone gives a wheel that works outside it, for this machine and, compiled across, for arm64."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
NO_INDEX = re.compile(r"name resolution|NewConnectionError|No matching distribution|Connection refused")


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """The files that git follows, as they are now, in a folder of their own."""
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no clone: nothing says which files are followed")
    for name in listed.stdout.split("\0"):
        wanted = name.startswith(("edgepose/", "systemd/wheels/", "tests/")) or "/" not in name
        if wanted and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def built(clone: Path, *words: str) -> Path:
    """The wheel that `./install.sh wheel` makes in the clone, with the Python of these tests."""
    environment = {**os.environ, "EDGEPOSE_PYTHON": sys.executable}
    environment.pop("PYTHONPATH", None)
    command = ["./install.sh", "wheel", *words]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    if NO_INDEX.search(done.stdout + done.stderr):
        pytest.skip("no package index can be reached from here")
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = re.findall(r"^(dist/\S+\.whl): .*glibc 2\.\d+ or newer$", done.stdout, re.MULTILINE)
    return clone / wheel


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_wheel_of_a_fresh_clone_works_outside_it(clone, tmp_path):
    wheel = built(clone)
    words = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(tmp_path / "site"), str(wheel)]
    subprocess.run(words, check=True)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    words = [sys.executable, str(clone / "tests/native/try_wheel.py")]
    tried = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    assert tried.stdout.startswith(str(tmp_path / "site/edgepose"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_wheel_for_arm64_is_compiled_across_and_runs_in_an_emulator(clone):
    for tool in ("aarch64-linux-gnu-g++", "qemu-aarch64-static", "apt-get"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool} (apt-get install g++-aarch64-linux-gnu qemu-user-static)")
    wheel = built(clone, "--arm64")
    assert wheel.stem.endswith("linux_aarch64")
    environment = {**os.environ, "PYTHON": sys.executable}
    words = [str(clone / "tests/aarch64_wheel.sh"), str(wheel)]
    tried = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if "no arm64 Python" in tried.stderr:
        pytest.skip(tried.stderr.splitlines()[-1])
    assert tried.returncode == 0, tried.stderr
    assert "on aarch64, 23 cases grouped as the reference does" in tried.stdout


@pytest.mark.parametrize("machine", ["x86_64", "AMD64", "aarch64"])
def test_a_pc_gets_a_runtime_by_itself_and_a_jetson_keeps_its_own(machine):
    facts = ConfigParser()
    facts.read(ROOT / "setup.cfg")
    needed = [Requirement(line) for line in facts["options"]["install_requires"].split("\n") if line]
    here = {"platform_machine": machine, "python_version": "3.12"}
    names = {one.name for one in needed if one.marker is None or one.marker.evaluate(here)}
    assert ("openvino" in names) == ("opencv-python-headless" in names) == (machine != "aarch64")
    assert {"numpy", "msgspec", "paho-mqtt"} <= names
