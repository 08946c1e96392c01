"""Every link of the documentation leads somewhere."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from pages import PAGES, ROOT, anchors, blocks, indented, links, name, prose, spans

TOPICS = ("edgepose/v1", "edgepose/onvif-mj")
_PATH = re.compile(r"(?<![\w./:-])(?:calibration|docs|edgepose|examples|research|systemd|tests)/[\w./-]*\w")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_and_anchor_of_a_page_resolves(page):
    broken = []
    for link in links(page.read_text(encoding="utf-8")):
        target, _, anchor = unquote(link).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (page.parent / target).resolve() if target else page
        if not there.exists() or not there.is_relative_to(ROOT):
            broken.append(f"{link}: no such file")
        elif anchor and (there.suffix != ".md" or anchor not in anchors(there.read_text(encoding="utf-8"))):
            broken.append(f"{link}: no such heading")
    assert broken == []


@pytest.mark.parametrize("page", [page for page in PAGES if "notes" not in page.parts], ids=name)
def test_every_file_of_ours_that_a_page_names_in_code_is_there(page):
    text = page.read_text(encoding="utf-8")
    code = [*spans(text), *indented(text), *blocks(text, "console", "bash", "sh")]
    named = {path for piece in code for path in _PATH.findall(piece)}
    assert sorted(path for path in named if not path.startswith(TOPICS) and not (ROOT / path).exists()) == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=name)
def test_every_page_of_the_documentation_is_linked_from_another(page):
    others = [other for other in PAGES if other != page]
    reached = any(
        (other.parent / link.partition("#")[0]).resolve() == page
        for other in others
        for link in links(other.read_text(encoding="utf-8"))
    )
    assert reached, "nobody finds a page that no other page links to; add it to docs/README.md"


def test_headings_become_anchors_as_github_makes_them():
    text = "# A first `word`, and: more\n## A camera's zone\n## A camera's zone\n```text\n# no heading\n```\n"
    assert anchors(text) == {"a-first-word-and-more", "a-cameras-zone", "a-cameras-zone-1"}
    assert "no heading" not in prose(text)
    assert links("[a](b.md#c) ![d](e.png) `[no](link)` [x [y] z](w)") == ["b.md#c", "e.png", "w"]
