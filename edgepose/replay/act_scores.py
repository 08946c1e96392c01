"""Postures, gestures and activities against labels: what was recognised in each clip, and the scores of all clips.

Every data set and class weighs the same in a mean, however many clips it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from edgepose.replay.acts import Act
from edgepose.replay.rules import Told

NOTHING = "nothing"


@dataclass(frozen=True)
class Verdict:
    """One question that the truth of a clip answers, and the answer of the rules.

    what: posture, wrong_posture, gesture, false_gesture, activity or wrong_activity; those of wrong and false things
    ask whether something was recognised that is not there. wanted, told: the words of both sides.
    """

    what: str
    act: Act
    take: str
    wanted: str
    told: str
    yes: bool

    @property
    def right(self) -> bool:
        return self.yes != self.what.startswith(("wrong", "false"))


def judge(act: Act, take: str, told: Sequence[Told]) -> list[Verdict]:
    """Answers to all that the truth of a clip asks, from the events of one take of it."""
    postures, gestures, activities = (
        [one.event.stage for one in told if one.event.kind == kind] for kind in ("posture", "gesture", "activity")
    )
    truth, verdicts = act.truth, []

    def ask(what: str, wanted: Iterable[str], answers: Sequence[str], yes: bool) -> None:
        verdicts.append(Verdict(what, act, take, " or ".join(wanted), " + ".join(answers) or NOTHING, yes))

    if truth.posture is not None:
        ask("posture", truth.posture, postures[-1:], postures[-1:] != [] and postures[-1] in truth.posture)
    if truth.posture_not is not None:
        wrong = _among(postures, truth.posture_not)
        ask("wrong_posture", ("not " + " or ".join(truth.posture_not),), wrong, bool(wrong))
    if truth.gesture == "none":
        ask("false_gesture", ("none",), _among(gestures, gestures), bool(gestures))
    elif truth.gesture is not None:
        ask("gesture", truth.gesture, _among(gestures, gestures), bool(_among(gestures, truth.gesture)))
    if truth.activity is not None:
        ask("activity", truth.activity, _among(activities, activities), bool(_among(activities, truth.activity)))
    if truth.activity_not is not None:
        wrong = _among(activities, truth.activity_not)
        ask("wrong_activity", ("not " + " or ".join(truth.activity_not),), wrong, bool(wrong))
    return verdicts


def _among(told: Iterable[str], words: Iterable[str]) -> list[str]:
    """Those of `words` that were told, sorted, each once."""
    return sorted(set(told) & set(words))


def summary(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Per question: the mean over data sets and classes, the counts of each, what was told instead (confusion)."""
    report: dict[str, Any] = {}
    for what in sorted({one.what for one in verdicts}):
        asked = [one for one in verdicts if one.what == what]
        groups: dict[str, list[Verdict]] = {}
        for one in asked:
            groups.setdefault(f"{one.act.dataset} {one.act.group}", []).append(one)
        shares = {name: sum(one.yes for one in group) / len(group) for name, group in groups.items()}
        report[what] = {
            "mean": round(sum(shares.values()) / len(shares), 3),
            "yes": sum(one.yes for one in asked),
            "asked": len(asked),
            "groups": {
                name: {"yes": sum(one.yes for one in group), "asked": len(group)}
                for name, group in sorted(groups.items())
            },
            "confusion": _confusion(asked),
        }
    return report


def _confusion(asked: Iterable[Verdict]) -> dict[str, dict[str, int]]:
    """How often what was told where what was wanted."""
    rows: dict[str, Counter[str]] = {}
    for one in asked:
        rows.setdefault(one.wanted, Counter())[one.told] += 1
    return {wanted: dict(told.most_common()) for wanted, told in sorted(rows.items())}
