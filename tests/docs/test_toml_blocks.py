"""Every configuration that the documentation shows is one that EdgePose reads, of the service or of a training run."""

from __future__ import annotations

import re

import pytest
from pages import PAGES, blocks, indented, name

from edgepose.config import parse_config
from edgepose.errors import ConfigError

_TABLE = re.compile(r"^\s*\[{1,2}\w+", re.MULTILINE)
_OF_TRAINING = re.compile(r"^\s*\[{1,2}(?:network|data|distill|loop|loss|optimiser)\b", re.MULTILINE)
FENCED = [(page, block) for page in PAGES for block in blocks(page.read_text(encoding="utf-8"), "toml")]
SHOWN = [*FENCED, *((p, b) for p in PAGES for b in indented(p.read_text(encoding="utf-8")) if _TABLE.match(b))]


@pytest.mark.parametrize(("page", "block"), [one for one in SHOWN if not _OF_TRAINING.search(one[1])])
def test_a_configuration_of_a_page_is_read(page, block):
    parse_config(block, name(page))


@pytest.mark.torch
@pytest.mark.parametrize(("page", "block"), [one for one in SHOWN if _OF_TRAINING.search(one[1])])
def test_a_training_configuration_of_a_page_is_read(page, block, tmp_path):
    pytest.importorskip("torch")
    from edgepose.training.run.config import load_config

    (tmp_path / "run.toml").write_text(block)
    load_config(tmp_path / "run.toml")


def test_there_are_configurations_of_both_kinds_and_a_wrong_key_would_be_found():
    assert len(FENCED) > 5 and len([one for one in SHOWN if _OF_TRAINING.search(one[1])]) > 2
    with pytest.raises(ConfigError, match="fal"):
        parse_config("[mqtt]\nfal = 1\n")
