"""Outcomes in numbers that say how sure they are: counts, shares and their Wilson intervals, delays."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from edgepose.replay.falls import Outcome, counts_of

Z = 1.96  # 95 %


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); (0, 1) of nothing."""
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def row(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """One row of a table: counts, shares with intervals, delay of the first alarm after the impact in seconds."""
    counts: dict[str, Any] = dict(counts_of(outcomes))
    delays = sorted(one.delay_s for one in outcomes if one.delay_s is not None)
    if counts["falls"]:
        counts["sensitivity_95"] = rounded(wilson(counts["detected"], counts["falls"]))
    if counts["not_falls"]:
        counts["specificity_95"] = rounded(wilson(counts["not_falls"] - counts["false_alarms"], counts["not_falls"]))
    if delays:
        counts |= {"delay_median_s": round(statistics.median(delays), 2), "delay_worst_s": round(delays[-1], 2)}
    return counts


def rounded(interval: tuple[float, float]) -> list[float]:
    return [round(end, 3) for end in interval]


COLUMNS = (
    "falls detected, sensitivity [95 %] | specificity [95 %], false alarms, confirmed | delay median, worst | <= 3 s"
)


def written(counts: dict[str, Any]) -> str:
    """A row as a line, in the order of COLUMNS."""
    parts = []
    if counts["falls"]:
        low, high = counts["sensitivity_95"]
        parts.append(f"{counts['detected']}/{counts['falls']} = {counts['sensitivity']:.3f} [{low:.2f}, {high:.2f}]")
    else:
        parts.append("-")
    if counts["not_falls"]:
        low, high = counts["specificity_95"]
        parts.append(
            f"{counts['specificity']:.3f} [{low:.2f}, {high:.2f}], {counts['false_alarms']} of {counts['not_falls']}, "
            f"{counts['confirmed_false']} confirmed"
        )
    else:
        parts.append("-")
    has_delay = "delay_median_s" in counts
    parts.append(f"{counts['delay_median_s']:.2f} s, {counts['delay_worst_s']:.2f} s" if has_delay else "-")
    parts.append(f"{counts['confirmed_in_time']}/{counts['lasting']}" if counts.get("lasting") else "-")
    return " | ".join(parts)
