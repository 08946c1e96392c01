"""Falls against labels: which clips are detected as falls, how soon after the impact, and which are false alarms."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from edgepose.replay.manifest import Clip
from edgepose.replay.rules import Told

EARLY_S = 0.5  # longer before the labelled onset than this, a fall was not detected but guessed
ALARMS = ("suspected", "confirmed", "long_lie", "found_down")
"""Stages that detect a fall; on a clip without one any of them is a false alarm."""

CONFIRM_WITHIN_S = 3.0  # of the impact; a clip that ends before cannot say whether a fall is confirmed in time


@dataclass(frozen=True)
class Outcome:
    """What came of a clip. delay_s: from the impact to the first alarm, negative when it came while falling.

    confirm_delay_s: from the impact to `confirmed`, None where either is missing. goes_on: whether the clip is known to
    last CONFIRM_WITHIN_S after the impact.
    """

    clip: Clip
    told: Sequence[Told]
    detected: bool
    confirmed: bool
    delay_s: float | None
    confirm_delay_s: float | None = None
    goes_on: bool = False

    @property
    def right(self) -> bool:
        return self.detected == self.clip.is_fall

    @property
    def confirmed_in_time(self) -> bool:
        return self.confirm_delay_s is not None and self.confirm_delay_s <= CONFIRM_WITHIN_S


def judge(clip: Clip, told: Sequence[Told], last_s: float | None = None) -> Outcome:
    """Hold the events of a clip against its label: any of ALARMS counts, not earlier than EARLY_S before the onset.

    last_s: second of its last frame, where the time to `confirmed` is to be judged too.
    """
    earliest_s = -1.0 if clip.onset_s is None or not clip.is_fall else clip.onset_s - EARLY_S
    falls = [one.event for one in told if one.event.kind == "fall" and one.event.t >= earliest_s]
    alarms = [event for event in falls if event.stage in ALARMS]
    if clip.lies_from_start and not clip.is_fall:
        alarms = [event for event in alarms if event.stage != "found_down"]
    confirmed = [event.t for event in alarms if event.stage == "confirmed"]
    impact_s = clip.impact_s if clip.is_fall else None
    return Outcome(
        clip,
        told,
        bool(alarms),
        bool(confirmed),
        delay_s=alarms[0].t - impact_s if alarms and impact_s is not None else None,
        confirm_delay_s=confirmed[0] - impact_s if confirmed and impact_s is not None else None,
        goes_on=impact_s is not None and last_s is not None and last_s >= impact_s + CONFIRM_WITHIN_S,
    )


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Counts per data set, per camera and in all, delays, and the wrong clips."""
    datasets = sorted({outcome.clip.dataset for outcome in outcomes})
    cameras = sorted({(outcome.clip.dataset, outcome.clip.camera) for outcome in outcomes})
    delays = sorted(outcome.delay_s for outcome in outcomes if outcome.delay_s is not None)
    return {
        "clips": len(outcomes),
        "all": counts_of(outcomes),
        "datasets": {name: counts_of(one for one in outcomes if one.clip.dataset == name) for name in datasets},
        "cameras": {
            f"{dataset} {camera}".strip(): counts_of(
                one for one in outcomes if (one.clip.dataset, one.clip.camera) == (dataset, camera)
            )
            for dataset, camera in cameras
        },
        "delay_s": {"n": len(delays), "median": statistics.median(delays), "worst": delays[-1]} if delays else {},
        "wrong": [
            {"clip": one.clip.clip_id, "label": "fall" if one.clip.is_fall else "not_fall", "stages": _words(one)}
            for one in outcomes
            if not one.right or (one.confirmed and not one.clip.is_fall)
        ],
    }


def counts_of(outcomes: Iterable[Outcome]) -> dict[str, int | float]:
    """Falls and clips without one in numbers. lasting: detected falls that go on long enough to be judged."""
    outcomes = list(outcomes)
    falls = [one for one in outcomes if one.clip.is_fall]
    daily = [one for one in outcomes if not one.clip.is_fall]
    detected, false_alarms = sum(one.detected for one in falls), sum(one.detected for one in daily)
    lasting = [one for one in falls if one.detected and one.goes_on]
    counts: dict[str, int | float] = {
        "falls": len(falls),
        "detected": detected,
        "confirmed": sum(one.confirmed for one in falls),
        "not_falls": len(daily),
        "false_alarms": false_alarms,
        "confirmed_false": sum(one.confirmed for one in daily),
    }
    if lasting:
        counts |= {"lasting": len(lasting), "confirmed_in_time": sum(one.confirmed_in_time for one in lasting)}
    if falls:
        counts["sensitivity"] = round(detected / len(falls), 3)
    if daily:
        counts["specificity"] = round(1 - false_alarms / len(daily), 3)
    return counts


def _words(outcome: Outcome) -> list[str]:
    return [f"{one.event.stage} {one.event.t:.2f} s" for one in outcome.told if one.event.kind == "fall"]
