"""Wrong usage, answered with the right word: a verb or flag that is nearly one, in the usage of its own verb."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

ELSEWHERE: dict[str, tuple[str, ...]] = {
    "--device": ("--compute",),
    "--weights": ("--model",),
    "--imgsz": ("--height",),
    "--threshold": ("--min-score",),
    "--confidence": ("--min-score",),
    "--conf-thres": ("--min-score",),
    "--broker": ("--mqtt",),
    "--output": ("--out", "--save-video", "--jsonl"),
    "--out": ("--output", "--save-video", "--jsonl"),
    "--save": ("--output", "--save-video"),
    "--show": (),
}
"""What other programs call a flag of ours, and what may be meant by it; () where there is nothing like it."""

INPUTS = {"--source", "--input", "--video", "--camera", "--image", "--images", "--file"}
"""What other programs call what is looked at, which stands here without a flag, except with `--source`."""

VERBS_ELSEWHERE = {
    "detect": "predict",
    "infer": "predict",
    "estimate": "predict",
    "pose": "predict",
    "start": "run",
    "track": "run",
    "stream": "run",
    "val": "evaluate",
    "convert": "export",
    "quantize": "calibrate",
    "check": "doctor",
    "info": "doctor",
    "version": "--version",
    "help": "--help",
}
"""What other programs call a verb of ours."""


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
    hint = _meant(flag, known, [action for action in parser._actions if not action.option_strings])
    parser.error(f"no argument {word!r} here; {hint}")


def _meant(flag: str, known: list[str], plain: list[argparse.Action]) -> str:
    """The end of a sentence about an unknown flag. plain: the arguments that have none."""
    wanted = ELSEWHERE.get(flag)
    ours = [one for one in wanted or () if one in known]
    if flag in INPUTS:
        ours = ["--source"] * ("--source" in known) + ["--save-video"] * (flag == "--video" and "--save-video" in known)
        if not ours and plain and not isinstance(plain[0], argparse._SubParsersAction):
            return f"write it without a flag: {plain[0].metavar or plain[0].dest}"
    elif wanted is None and not ours:
        ours = [near] if (near := nearest(flag, known)) else []
    return f"did you mean {' or '.join(ours)}?" if ours else "see --help; arguments that are no flags stand together"


def _flags(parser: argparse.ArgumentParser) -> Iterable[str]:
    """Every flag of the parser and of the actions under it."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from _flags(child)


def unknown_verb(word: str, verbs: Iterable[str]) -> str:
    """A sentence about a word in place of a verb."""
    near = VERBS_ELSEWHERE.get(word) or nearest(word, verbs)
    if near:
        return f"no verb {word!r}; did you mean {near!r}?"
    if "." in word or "/" in word:
        return f"a verb comes first: edgepose predict {word} has it drawn, edgepose run {word} looks for falls"
    return f"no verb {word!r}; `edgepose --help` lists them"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like it, None where none is."""
    close = get_close_matches(word, list(known), 1, 0.6)
    return close[0] if close else None
