"""The rows of the fault table: each is a function that runs its fault so many times and says what was lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from research.faults.outcome import Counts, Outcome

Run = Callable[[Path, int], "Found"]


class Found(msgspec.Struct):
    """What a row's function returns. passed: what the row promises beyond losing nothing."""

    counts: Counts
    passed: bool = True
    figures: dict[str, Any] = {}


class Row(msgspec.Struct, frozen=True):
    """cycles: how often the fault is made in the whole run. needs: a program without which it cannot be run."""

    name: str
    what: str
    cycles: int
    run: Run
    needs: str = "mosquitto"


ROWS: dict[str, Row] = {}


class UnableError(Exception):
    """The row cannot be run on this machine; why, in words."""


def row(cycles: int, needs: str = "mosquitto") -> Callable[[Run], Run]:
    """Enter a function into the table under its own name; its docstring's first sentence says what the fault is."""

    def enter(run: Run) -> Run:
        name = run.__name__.replace("_", "-")
        what = " ".join((run.__doc__ or "").split("\n\n")[0].split())
        ROWS[name] = Row(name, what, cycles, run, needs)
        return run

    return enter


def outcome(one: Row, found: Found, cycles: int, seconds: float) -> Outcome:
    passed = found.passed and not found.counts.lost
    return Outcome(one.name, cycles, found.counts, passed, round(seconds, 1), found.figures)
