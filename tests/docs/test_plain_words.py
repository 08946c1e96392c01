"""Pages are short and use the field's words; so do the sentences beside the keys of a configuration."""

from __future__ import annotations

import re

import pytest
from pages import PAGES, ROOT, name, prose

from edgepose.config.text import as_markdown

MOST_WORDS = 1100
MADE_FROM_CODE = ("docs/reference/training.md",)
"""Tables of every key, in which one looks a key up."""

NOT_OURS = re.compile(r"\b(told|quiet|script that is not kept)\b", re.IGNORECASE)
DOCS = [page for page in PAGES if page.is_relative_to(ROOT / "docs") or page == ROOT / "README.md"]


@pytest.mark.parametrize("page", [page for page in DOCS if name(page) not in MADE_FROM_CODE], ids=name)
def test_a_page_can_be_read_in_one_sitting(page):
    n = len(page.read_text(encoding="utf-8").split())
    assert n <= MOST_WORDS, f"{n} words; split it by subject, or move how it came to be to research/notes"


def test_the_changelog_says_what_a_user_sees_and_not_what_each_change_brought():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert len(text.split()) <= 1500 and not re.search(r"\(before[: ]|before\)", text)


@pytest.mark.parametrize("page", DOCS, ids=name)
def test_a_page_says_detected_missed_and_false_alarm(page):
    assert NOT_OURS.findall(prose(page.read_text(encoding="utf-8"))) == []


def test_so_do_the_keys_of_a_configuration():
    assert NOT_OURS.findall(as_markdown()) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_row_of_a_table_has_the_cells_of_its_head(page):
    """A row with another number is cut off or shifted where the page is shown."""
    text, broken = prose(page.read_text(encoding="utf-8")), []
    for table in re.findall(r"(?:^\|.*\|[ ]*\n)+", text, re.MULTILINE):
        rows = [re.sub(r"\\\|", "", row).count("|") for row in table.splitlines()]
        broken += [row for row, n in zip(table.splitlines(), rows, strict=True) if n != rows[0]]
        assert re.fullmatch(r"\|(?:\s*:?-+:?\s*\|)+\s*", table.splitlines()[1]), table.splitlines()[:2]
    assert broken == []
