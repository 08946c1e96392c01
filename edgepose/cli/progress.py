"""Progress on stderr for verbs that go through many things: a bar where rich is installed, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

T = TypeVar("T")

LINE_S = 10.0
"""Seconds between two lines where there is no terminal or no rich."""


def track(things: Iterable[T], what: str) -> Iterator[T]:
    """Hand out `things` one by one and show how far it is. what: a word for them, such as "pictures".

    The end is shown too where `things` know how many they are.
    """
    if sys.stderr.isatty():
        try:
            from rich.console import Console
            from rich.progress import track as bar
        except ImportError:
            return _lines(things, what)
        return iter(bar(things, what, console=Console(stderr=True), transient=True))
    return _lines(things, what)


def _lines(things: Iterable[T], what: str) -> Iterator[T]:
    of = f" of {len(things)}" if isinstance(things, Sized) else ""
    told_s = time.monotonic()
    for number, thing in enumerate(things):
        if time.monotonic() - told_s >= LINE_S:
            told_s = time.monotonic()
            print(f"{number}{of} {what}", file=sys.stderr, flush=True)
        yield thing
