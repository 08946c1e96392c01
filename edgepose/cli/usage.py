"""Wrong usage, answered with the right word: a verb or flag that is nearly one, in the usage of its own verb."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

ELSEWHERE = {
    "--device": "--compute",
    "--input": "--source",
    "--video": "--source",
    "--camera": "--source",
    "--weights": "--model",
    "--imgsz": "--height",
    "--threshold": "--min-score",
    "--broker": "--mqtt",
    "--output": "--out",
}
"""What other programs call a flag of ours."""


class Parser(argparse.ArgumentParser):
    """A verb's arguments, its text as written; a flag is a whole word, so that `--conf` is answered, not guessed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False, **options})


def refuse_unknown(parser: argparse.ArgumentParser, unknown: Sequence[str]) -> None:
    """End with exit code 2 where words of a command line are none of the parser's; does nothing without any."""
    if not unknown:
        return
    known = list(_flags(parser))
    word = next((word for word in unknown if word.startswith("-")), unknown[0])
    flag = word.partition("=")[0]
    ours = ELSEWHERE.get(flag)
    near = ours if ours in known else nearest(flag, known)
    hint = f"did you mean {near}?" if near else "see --help; arguments that are no flags stand together"
    parser.error(f"no argument {word!r} here; {hint}")


def _flags(parser: argparse.ArgumentParser) -> Iterable[str]:
    """Every flag of the parser and of the actions under it."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from _flags(child)


def unknown_verb(word: str, verbs: Iterable[str]) -> str:
    """A sentence about a word in place of a verb."""
    near = nearest(word, verbs)
    return f"no verb {word!r}; " + (f"did you mean {near!r}?" if near else "`edgepose --help` lists them")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like it, None where none is."""
    close = get_close_matches(word, list(known), 1, 0.6)
    return close[0] if close else None
