"""Pages are short and use the field's words; so do the sentences beside the keys of a configuration."""

from __future__ import annotations

import re

import pytest
from pages import PAGES, ROOT, name, prose

from edgepose.config.text import as_markdown

MOST_WORDS = 1100
MADE_FROM_CODE = ("docs/reference/configuration.md", "docs/reference/training.md")
"""Tables of every key, in which one looks a key up."""

NOT_OURS = re.compile(r"\b(told|quiet|script that is not kept)\b", re.IGNORECASE)
DOCS = [page for page in PAGES if page.is_relative_to(ROOT / "docs") or page == ROOT / "README.md"]


@pytest.mark.parametrize("page", [page for page in DOCS if name(page) not in MADE_FROM_CODE], ids=name)
def test_a_page_can_be_read_in_one_sitting(page):
    n = len(page.read_text(encoding="utf-8").split())
    assert n <= MOST_WORDS, f"{n} words; split it by subject, or move how it came to be to research/notes"


@pytest.mark.parametrize("page", DOCS, ids=name)
def test_a_page_says_detected_missed_and_false_alarm(page):
    assert NOT_OURS.findall(prose(page.read_text(encoding="utf-8"))) == []


def test_so_do_the_keys_of_a_configuration():
    assert NOT_OURS.findall(as_markdown()) == []
