"""Progress on stderr for verbs that go through many things: a bar where rich is installed, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

LINE_S = 10.0
"""Seconds between two lines where there is no terminal or no rich."""


def track(things: Sequence[T], what: str) -> Iterator[T]:
    """Hand out `things` one by one and show how far it is. what: a word for them, such as "pictures"."""
    try:
        from rich.console import Console
        from rich.progress import track as bar
    except ImportError:
        return _lines(things, what)
    if not sys.stderr.isatty():
        return _lines(things, what)
    return iter(bar(things, what, console=Console(stderr=True), transient=True))


def _lines(things: Sequence[T], what: str) -> Iterator[T]:
    told_s = time.monotonic()
    for number, thing in enumerate(things):
        if time.monotonic() - told_s >= LINE_S:
            told_s = time.monotonic()
            print(f"{number} of {len(things)} {what}", file=sys.stderr, flush=True)
        yield thing
