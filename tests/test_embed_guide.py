"""The blocks of docs/guides/embed.md run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from edgepose.backends.recording import RecordingWriter
from edgepose.decode.render import render_fields
from edgepose.model import ModelSpec
from edgepose.sources import open_source

GUIDE = Path(__file__).resolve().parent.parent / "docs/guides/embed.md"
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
HW = (192, 320)
SCENE = f"synthetic://?people=2&width={HW[1]}&height={HW[0]}&frames=30"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with an edgepose.toml whose network is a recording of the scene it names."""
    folder = tmp_path_factory.mktemp("embed")
    source = open_source(SCENE)
    with RecordingWriter(folder / "scene.npz", ModelSpec(name="scene", input_hw=HW), HW) as writer:
        for _ in range(30):
            writer.append(render_fields([pose.keypoints for pose in source.truth(source.read())], HW))
    (folder / "edgepose.toml").write_text(f'[model]\npath = "scene.npz"\n[[sources]]\nuri = "{SCENE}"\n')
    return folder


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_of_the_guide_runs_as_it_stands(number, folder):
    done = subprocess.run([sys.executable, "-c", BLOCKS[number]], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_the_rule_of_the_guide_tells_of_its_crowd(folder):
    block = next(block for block in BLOCKS if "class Crowd" in block)
    done = subprocess.run([sys.executable, "-c", block], cwd=folder, capture_output=True, text=True)
    assert "crowd full {'people': 2}" in done.stdout
