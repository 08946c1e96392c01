"""Which sensitivity and confirm time would have been best on recordings that somebody marked right or wrong.

Nothing is changed by it: every pair of values is played over the same recordings, and what each costs is counted.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace as replace_options

from edgepose.config import Config
from edgepose.replay.chart import Line
from edgepose.replay.falls import Outcome, judge
from edgepose.replay.manifest import Clip
from edgepose.replay.recorded import Recording
from edgepose.replay.rules import Told, replay

SENSITIVITIES = (0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8)
CONFIRM_S = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0)
MISSED, CONFIRMED_FALSE, UNCONFIRMED, FALSE_ALARM = 5.0, 2.0, 1.0, 0.5
"""What one recording costs: a fall nobody hears of is worst, confirmed is what wakes people, suspected is a lamp."""

LASTING_S = max(CONFIRM_S) + 1.0  # a recording that ends sooner after its first alarm cannot say what is confirmed
ENOUGH = 10  # recordings of either kind below which one more could turn the answer round


@dataclass(frozen=True)
class Marked:
    """A recording with its label; its people are tracked already, the same for every setting."""

    clip: Clip
    recording: Recording


@dataclass(frozen=True)
class Tried:
    """What a setting would have brought. unconfirmed: falls that were detected, went on, and were never confirmed.

    wait_s: from the first alarm to `confirmed`, the median over falls, None without one. wrong: names of recordings.
    """

    sensitivity: float
    confirm_s: float
    detected: int
    confirmed: int
    unconfirmed: int
    false_alarms: int
    confirmed_false: int
    wait_s: float | None
    wrong: Sequence[str]
    falls: int
    not_falls: int

    @property
    def cost(self) -> float:
        missed = self.falls - self.detected
        return (
            MISSED * missed
            + CONFIRMED_FALSE * self.confirmed_false
            + UNCONFIRMED * self.unconfirmed
            + FALSE_ALARM * self.false_alarms
        )

    def document(self) -> dict[str, Any]:
        """As plain values."""
        names = [name for name in self.__dataclass_fields__ if name not in ("falls", "not_falls")]
        return {**{name: getattr(self, name) for name in names}, "cost": self.cost}


def try_settings(
    marked: Sequence[Marked], config: Config, progress: Callable[[list[float]], Iterable[float]] = iter
) -> list[Tried]:
    """Every sensitivity with every confirm time, and today's of `config` among them; in rising order of both.

    progress: hands out the sensitivities one by one, and may show how far it is.
    """
    sensitivities = sorted({*SENSITIVITIES, config.fall.sensitivity})
    waits = sorted({*CONFIRM_S, config.fall.confirm_s})
    rows = []
    for sensitivity in progress(sensitivities):
        found: dict[float, list[Outcome]] = {wait: [] for wait in waits}
        for one in marked:
            told: list[Told] = []
            for wait in waits:
                if wait == waits[0] or any(event.event.stage == "suspected" for event in told):
                    told = replay(one.recording, _with(config, sensitivity, wait), ("fall",))
                found[wait].append(judge(one.clip, told, one.recording.last_s))
        rows += [_counted(sensitivity, wait, found[wait], marked) for wait in waits]
    return rows


def today(rows: Sequence[Tried], config: Config) -> Tried:
    """The setting that is configured."""
    wanted = (config.fall.sensitivity, config.fall.confirm_s)
    return next(one for one in rows if (one.sensitivity, one.confirm_s) == wanted)


def best(rows: Sequence[Tried], config: Config) -> Tried:
    """The one that costs least; among equals the nearest to today's, so that nothing is changed for nothing."""
    now = config.fall
    return min(
        rows,
        key=lambda one: (one.cost, abs(one.sensitivity - now.sensitivity), abs(one.confirm_s - now.confirm_s)),
    )


def trade_off(rows: Sequence[Tried], now: Tried, chosen: Tried) -> list[Line]:
    """Lines for a chart: share of falls over share of other recordings that alarm, from low to high sensitivity."""
    lines = []
    for name, confirm_s in {
        "suspected": now.confirm_s,
        **{f"confirmed after {w:g} s": w for w in _waits(now, chosen)},
    }.items():
        some = [one for one in rows if one.confirm_s == confirm_s]
        pairs = [
            (one.false_alarms, one.detected) if name == "suspected" else (one.confirmed_false, one.confirmed)
            for one in some
        ]
        points = [(x / max(one.not_falls, 1), y / max(one.falls, 1)) for (x, y), one in zip(pairs, some, strict=True)]
        mark = chosen if name == "suspected" or confirm_s == chosen.confirm_s else now
        at = [one.sensitivity for one in some].index(mark.sensitivity)
        lines.append(Line(name, points, [f"{one.sensitivity:g}" for one in some], at, name == "suspected"))
    return lines


def _waits(now: Tried, chosen: Tried) -> list[float]:
    return sorted({1.0, now.confirm_s, chosen.confirm_s, max(CONFIRM_S)})


def _with(config: Config, sensitivity: float, confirm_s: float) -> Config:
    return replace_options(
        config, fall=replace_options(config.fall, sensitivity=sensitivity, confirm_s=confirm_s, second_look=False)
    )


def _counted(sensitivity: float, confirm_s: float, found: Sequence[Outcome], marked: Sequence[Marked]) -> Tried:
    falls = [one for one in found if one.clip.is_fall]
    daily = [one for one in found if not one.clip.is_fall]
    lasts = {one.clip.clip_id: one.recording.last_s for one in marked}
    unconfirmed, waits = 0, []
    for one in falls:
        stages = {told.event.stage: told.event.t for told in reversed(one.told) if told.event.kind == "fall"}
        if one.confirmed:
            waits.append(stages["confirmed"] - min(stages.values()))
        elif one.detected and lasts[one.clip.clip_id] >= min(stages.values()) + LASTING_S:
            unconfirmed += 1
    return Tried(
        sensitivity,
        confirm_s,
        detected=sum(one.detected for one in falls),
        confirmed=sum(one.confirmed for one in falls),
        unconfirmed=unconfirmed,
        false_alarms=sum(one.detected for one in daily),
        confirmed_false=sum(one.confirmed for one in daily),
        wait_s=round(statistics.median(waits), 2) if waits else None,
        wrong=[one.clip.clip_id for one in found if not one.right],
        falls=len(falls),
        not_falls=len(daily),
    )
