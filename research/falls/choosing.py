"""Which setting is best on some sources: few false alarms, for confirmed is what wakes people."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgepose.replay.falls import Outcome

Setting = dict[str, float]
Judged = Callable[[str, Setting], Sequence[Outcome]]
"""What came of a source's clips under a setting."""

OPTIONS: dict[str, tuple[float, ...]] = {
    "sensitivity": (0.5, 0.3, 0.4, 0.45, 0.55, 0.6, 0.7),
    "confirm_s": (2.0, 1.0, 1.5, 3.0, 4.0),
    "hold_s": (0.15, 0.05, 0.3, 0.5),
    "slow_lying_s": (12.0, 3.0, 6.0),
    "found_down_s": (10.0, 6.0, 15.0),
}
"""Values that are tried, each option after the other; the default is put first, so that it wins among equals."""

FALSE_ALARM, CONFIRMED_FALSE, IN_TIME = 2.0, 5.0, 0.25
"""What a false alarm and a false confirmation cost, and what confirming in time is worth, in detected falls."""


def worth(found: Mapping[str, Sequence[Outcome]]) -> float:
    """Shares of every source weigh the same, so that a thousand short clips do not drown a room of sixty videos."""
    detected, in_time, false, confirmed = [], [], [], []
    for outcomes in found.values():
        falls = [one for one in outcomes if one.clip.is_fall]
        daily = [one for one in outcomes if not one.clip.is_fall]
        lasting = [one for one in falls if one.detected and one.goes_on]
        detected += [mean(one.detected for one in falls)] if falls else []
        in_time += [mean(one.confirmed_in_time for one in lasting)] if lasting else []
        false += [mean(one.detected for one in daily)] if daily else []
        confirmed += [mean(one.confirmed for one in daily)] if daily else []
    return mean(detected) + IN_TIME * mean(in_time) - FALSE_ALARM * mean(false) - CONFIRMED_FALSE * mean(confirmed)


def mean(values: Any) -> float:
    values = [float(value) for value in values]
    return statistics.fmean(values) if values else 0.0


def best(sources: Sequence[str], options: Sequence[str], defaults: Mapping[str, float], judged: Judged) -> Setting:
    """The setting that is worth most on `sources`, one option after the other. Only differences from the defaults."""
    chosen: Setting = {}
    for option in options:
        values = sorted({*OPTIONS[option], defaults[option]}, key=lambda value: abs(value - defaults[option]))
        tried = [{**chosen, option: value} for value in values]
        chosen = max(
            (without_defaults(one, defaults) for one in tried),
            key=lambda setting: round(worth({name: judged(name, setting) for name in sources}), 9),
        )
    return chosen


def without_defaults(setting: Setting, defaults: Mapping[str, float]) -> Setting:
    return {name: value for name, value in setting.items() if value != defaults[name]}
