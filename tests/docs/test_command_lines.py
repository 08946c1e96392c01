"""Every command line of the documentation is one that the command itself accepts."""

from __future__ import annotations

import re

import pytest
from pages import PAGES, blocks, command_lines, indented, name, spans

from edgepose.cli import VERBS, _parser
from edgepose.cli.usage import refuse_unknown

CURRENT = [page for page in PAGES if "notes" not in page.parts and page.name != "CHANGELOG.md"]
_PART_OF_A_LINE = re.compile("the following arguments are required|one of the arguments .* is required")


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str | None:
    """What the parser says against the words after `edgepose`; None where it takes them."""
    verb = next((word for word in words if word in VERBS), None)
    if words and verb is None and not words[0].startswith("-"):
        return f"no verb {words[0]!r}"
    parser = _parser(verb)
    try:
        args, unknown = parser.parse_known_args(words)
        refuse_unknown(getattr(args, "parser", parser), unknown)
    except SystemExit as leaving:
        said = capsys.readouterr().err.strip().splitlines()
        return said[-1] if leaving.code else None
    return None


@pytest.mark.parametrize("page", CURRENT, ids=name)
def test_every_command_line_in_a_block_parses(page, capsys):
    text = page.read_text(encoding="utf-8")
    scripts = [*blocks(text, "console", "bash", "sh"), *indented(text)]
    lines = [words for script in scripts for words in command_lines(script)]
    assert [(" ".join(words), why) for words in lines if (why := refused(words, capsys))] == []


@pytest.mark.parametrize("page", CURRENT, ids=name)
def test_every_verb_and_flag_named_within_a_line_is_there(page, capsys):
    """Such as `edgepose calibrate --images DIR`: what a line would still need may be left out."""
    wrong = []
    for span in spans(page.read_text(encoding="utf-8")):
        for words in command_lines(span) if span.startswith("edgepose ") else ():
            why = refused(words, capsys)
            if why and not _PART_OF_A_LINE.search(why):
                wrong.append((span, why))
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("edgepose run a.mp4 &   # watches", ["run", "a.mp4"]),
        ("sudo -u edgepose .venv/bin/edgepose status --json | jq .", ["status", "--json"]),
        ("docker compose exec edgepose edgepose alert ls", ["alert", "ls"]),
        ("edgepose schema alert > alert.json", ["schema", "alert"]),
        ("edgepose predict \\\n  a.jpg -o out", ["predict", "a.jpg", "-o", "out"]),
    ],
)
def test_the_words_of_a_command_line_are_found_in_shell_text(line, words):
    assert list(command_lines(line)) == [words]


@pytest.mark.parametrize("words", [["runn", "a.mp4"], ["run", "--sauce", "a"], ["mqtt", "nothing"]])
def test_a_wrong_command_line_would_be_found(words, capsys):
    assert refused(words, capsys)
