"""The documentation as tests see it: pages, their code blocks, links, anchors and command lines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("*.md", "docs/**/*.md", "calibration/*.md", "examples/**/*.md", "edgepose/models/*.md", "research/**/*.md")
PAGES = sorted({page for place in PLACES for page in ROOT.glob(place)})

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"(?:(?<=\n\n)|\A)((?: {4}[^\n]*\n|\n(?= {4}))+)")
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"(?<!!)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)|!\[[^\]]*\]\(([^()\s]+)\)")


def name(page: Path) -> str:
    """A page as tests name it, from the root of the project."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str, *kinds: str) -> list[str]:
    """Fenced blocks of these kinds, their indentation taken away."""
    found = []
    for indent, kind, body in _FENCE.findall(text):
        if kind in kinds:
            found.append("".join(line.removeprefix(indent) for line in body.splitlines(keepends=True)))
    return found


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", text)


def indented(text: str) -> list[str]:
    """Blocks indented by four columns, without them."""
    return [re.sub(r"^ {4}", "", body, flags=re.MULTILINE) for body in _INDENTED.findall(prose(text))]


def spans(text: str) -> list[str]:
    """Code within lines."""
    return _SPAN.findall(prose(text))


def links(text: str) -> list[str]:
    """Targets of links and pictures, outside of code."""
    return [link or picture for link, picture in _LINK.findall(_SPAN.sub("", prose(text)))]


def anchors(text: str) -> set[str]:
    """What a link can name in a page, as GitHub makes it of a heading."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", prose(text), re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w -]", "", words).replace(" ", "-")
        number = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", one) is not None for one in found)
        found.add(f"{slug}-{number}" if number else slug)
    return found | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def command_lines(script: str) -> Iterator[list[str]]:
    """The words after `edgepose` of each command line in shell text; sudo, docker exec and paths before it go."""
    for line in re.sub(r"\\\n\s*", " ", script).splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars="&|;<>()")
        words.whitespace_split = True
        command: list[str] = []
        for word in [*words, ";"]:
            if set(word) <= set("&|;()"):
                yield from _ours(command)
                command = []
            else:
                command.append(word)


def _ours(command: list[str]) -> Iterator[list[str]]:
    """What follows the last `edgepose` of a command that runs it; nothing of one that only names it (systemctl)."""
    places = [k for k, word in enumerate(command) if word == "edgepose" or word.endswith("/bin/edgepose")]
    runs_it = places and (places[0] == 0 or command[0] in ("sudo", "docker") or "=" in command[0])
    if runs_it and "systemctl" not in command and "journalctl" not in command:
        words = command[places[-1] + 1 :]
        yield words[: next((k for k, word in enumerate(words) if set(word) <= set("<>")), len(words))]


def files(text: str) -> dict[str, str]:
    """Blocks that a page gives the name of a file, as in "`bench.toml`:" on the line above."""
    return dict(re.findall(r"^`([\w.-]+)`:\n\n```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
