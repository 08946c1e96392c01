"""The table of outcomes as Markdown, and the modules that hold its rows."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable

from research.faults.outcome import Outcome
from research.faults.rows import ROWS

MODULES = (
    "broker_rows", "way_rows", "access_rows", "process_rows", "disk_rows", "damage_rows", "clock_rows", "camera_rows",
    "hostile_rows", "figure_rows",
)  # fmt: skip


def all_rows() -> None:
    """Have every module enter its rows."""
    for name in MODULES:
        importlib.import_module(f"research.faults.{name}")


def table(outcomes: Iterable[Outcome]) -> str:
    """One line per row."""
    lines = [
        "| fault | cycles | recorded | heard | lost | lost by the broker | heard twice | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in outcomes:
        what = ROWS[one.row].what if one.row in ROWS else ""
        if one.skipped:
            lines.append(f"| `{one.row}`: {what} | - | | | | | | not run: {one.skipped} |")
            continue
        n = one.counts
        cells = (one.cycles, n.recorded, n.arrived, n.lost, n.lost_by_broker, n.duplicates)
        said = "" if one.passed else "**failed** "
        figures = json.dumps(one.figures)[1:-1].replace('"', "").replace("_", " ")
        lines.append(f"| `{one.row}`: {what} | {' | '.join(map(str, cells))} | {said}{figures} |")
    return "\n".join(lines)
