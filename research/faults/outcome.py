"""What a row of the fault table found: how many alerts were recorded, heard, lost by whom, and heard twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from research.faults.bench import Device
    from research.faults.pager import Arrival


class Counts(msgspec.Struct, frozen=True):
    """Alerts, by (number, id).

    recorded: the call returned. taken: the device let go of them, since the broker said that it has them. arrived:
    heard at least once. lost: recorded, not heard, and not taken by a broker; lost_by_broker: not heard though the
    broker said that it has them. duplicates: heard again.
    """

    recorded: int = 0
    taken: int = 0
    arrived: int = 0
    lost: int = 0
    lost_by_broker: int = 0
    duplicates: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """One row. passed: what it promises held. figures: further numbers. skipped: why it could not be run, if so."""

    row: str
    cycles: int
    counts: Counts
    passed: bool
    seconds: float = 0.0
    figures: dict[str, Any] = {}
    skipped: str = ""


def count(devices: Iterable[Device], arrivals: Iterable[Arrival]) -> Counts:
    recorded: set[tuple[int, str]] = set()
    taken: set[tuple[int, str]] = set()
    for device in devices:
        recorded |= set(device.recorded)
        taken |= set(device.taken)
    heard = Counter((one.seq, one.id) for one in list(arrivals))
    lost = recorded - set(heard)
    return Counts(
        recorded=len(recorded),
        taken=len(taken),
        arrived=len(heard),
        lost=len(lost - taken),
        lost_by_broker=len(lost & taken),
        duplicates=sum(heard.values()) - len(heard),
    )


def percentiles(values: Iterable[float], scale: float = 1e3) -> dict[str, float]:
    """n, p50, p99 and the largest, in milliseconds of values in seconds."""
    ordered = sorted(values)
    if not ordered:
        return {"n": 0}
    at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    found = {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * q))] * scale, 2) for name, q in at.items()}
    return {"n": len(ordered), **found}
