"""Every configuration that the documentation shows is one that EdgePose reads, of the service or of a training run."""

from __future__ import annotations

import re
import sys

import msgspec
import pytest
from pages import PAGES, blocks, files, indented, name

from edgepose.config import parse_config
from edgepose.errors import ConfigError
from edgepose.keypoint_set import KeypointSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TABLE = re.compile(r"^\s*\[{1,2}\w+", re.MULTILINE)
_OF_TRAINING = re.compile(r"^\s*\[{1,2}(?:network|data|distill|loop|loss|optimiser)\b", re.MULTILINE)
_OF_KEYPOINTS = re.compile(r"^keypoints = \[", re.MULTILINE)
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
FENCED = [(page, block) for page in PAGES for block in blocks(TEXTS[page], "toml")]
SHOWN = [*FENCED, *((page, block) for page in PAGES for block in indented(TEXTS[page]) if _TABLE.match(block))]
TRAINING = [one for one in SHOWN if _OF_TRAINING.search(one[1])]
KEYPOINTS = [one for one in SHOWN if _OF_KEYPOINTS.search(one[1])]


@pytest.mark.parametrize(("page", "block"), [one for one in SHOWN if one not in TRAINING + KEYPOINTS])
def test_a_configuration_of_a_page_is_read(page, block):
    parse_config(block, name(page))


@pytest.mark.torch
@pytest.mark.parametrize(("page", "block"), TRAINING)
def test_a_training_configuration_of_a_page_is_read(page, block, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from edgepose.training.run.config import load_config

    monkeypatch.chdir(tmp_path)
    for file, content in {**files(TEXTS[page]), "run.toml": block}.items():
        (tmp_path / file).write_text(content)
    load_config(tmp_path / "run.toml")


@pytest.mark.parametrize(("page", "block"), KEYPOINTS)
def test_a_keypoint_set_of_a_page_is_one(page, block):
    assert msgspec.convert(tomllib.loads(block), KeypointSet).skeleton.n_limbs > 0


def test_there_are_configurations_of_each_kind_and_a_wrong_key_would_be_found():
    assert len(FENCED) > 5 and len(TRAINING) > 2 and KEYPOINTS
    with pytest.raises(ConfigError, match="fal"):
        parse_config("[mqtt]\nfal = 1\n")
