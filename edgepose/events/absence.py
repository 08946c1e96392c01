"""Timeouts about nobody in particular: a bed that somebody left and did not return to, a scene without anybody."""

from __future__ import annotations

import math
from collections.abc import Set

from edgepose.events.options import ActivityOptions
from edgepose.types import Event


class Absence:
    """Watches beds and the whole scene of one camera; each absence is told once."""

    def __init__(self, options: ActivityOptions) -> None:
        self._options = options
        self._anybody_t = math.nan
        self._absence_told = False
        self._left_t: dict[str, float] = {}  # beds somebody was in: when that was last
        self._bed_told: set[str] = set()

    def update(self, anybody: bool, in_beds: Set[str], t: float) -> list[Event]:
        """Events of this frame. anybody: whether a person is seen. in_beds: names of the beds with somebody in."""
        options, found = self._options, []
        if anybody or self._anybody_t != self._anybody_t:
            self._anybody_t, self._absence_told = t, False
        away_s = t - self._anybody_t
        if 0 < options.absence_s <= away_s and not self._absence_told:
            self._absence_told = True
            found.append(Event("activity", "absence", t, started_t=self._anybody_t, evidence={"away_s": away_s}))
        for bed in in_beds:
            self._left_t[bed] = t
            self._bed_told.discard(bed)
        for bed, left_t in self._left_t.items():
            if 0 < options.bed_return_s <= t - left_t and bed not in self._bed_told:
                self._bed_told.add(bed)
                evidence = {"away_s": t - left_t}
                found.append(Event("activity", "bed_not_returned", t, started_t=left_t, zone=bed, evidence=evidence))
        return found
