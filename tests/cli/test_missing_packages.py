"""A plain installation lacks the packages of the extras: what needs one says how to get it."""

from __future__ import annotations

import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from edgepose.cli.needs import EXTRAS, missing_package


def test_building_an_engine_without_onnx_is_one_sentence():
    words = "import sys; sys.modules['onnx'] = None; from edgepose.cli import main; sys.exit(main(['build', 'x.onnx']))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "pip install 'edgepose[onnx]'" in done.stderr


def test_what_is_always_installed_keeps_its_traceback():
    assert missing_package(ModuleNotFoundError("no numpy", name="numpy")) is None
    assert missing_package(ModuleNotFoundError("no name")) is None


@pytest.mark.parametrize("extra", sorted(set(EXTRAS.values())))
def test_every_extra_that_a_sentence_names_is_there(extra):
    facts = ConfigParser()
    facts.read(Path(__file__).parents[2] / "setup.cfg")
    assert extra in facts["options.extras_require"]
