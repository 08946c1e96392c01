"""What goes wrong in any stage reaches whoever can tell somebody, once, and ends there too."""

from __future__ import annotations

import numpy as np
import pytest
from pipeline_fakes import GreyBackend, NotingPublisher, PicturesSource, picture

from edgepose.alerts.drills import overdue
from edgepose.config import Config, PipelineOptions
from edgepose.health import Reasons, Trouble
from edgepose.pipeline import Pipeline
from edgepose.pipeline.throttling import Throttling


class Teller(NotingPublisher):
    """Notes the reasons that it is told."""

    def __init__(self):
        super().__init__()
        self.told = []

    def tell_troubles(self, reasons):
        self.told.append([(one.code, one.camera) for one in reasons])
        self.since = [one.since for one in reasons]


class Doubtful:
    """A rule that cannot judge frames 20 to 39."""

    def __init__(self, size_wh=None):
        self.n, self.troubles = 0, ()

    def update(self, tracks, t):
        self.troubles = (Trouble("too_doubtful", "it cannot be said"),) if 20 <= self.n < 40 else ()
        self.n += 1
        return []


def run(source, config=None, rules=()):
    teller = Teller()
    Pipeline(config, source=source, model=GreyBackend(), rules=rules, publishers=[teller]).run()
    return teller.told


def test_a_rule_that_cannot_judge_is_told_from_its_camera_and_ends():
    assert run(PicturesSource([picture(3)] * 60), rules=[Doubtful]) == [[("too_doubtful", "file")], []]


def test_a_dark_camera_is_told_until_it_is_light():
    lit = np.random.default_rng(0).integers(0, 120, (16, 16, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
    pictures = [lit] * 50 + [picture(0)] * 500 + [lit] * 200
    assert run(PicturesSource(pictures)) == [[("camera_dark", "file")], []]
    assert run(PicturesSource(pictures), Config(pipeline=PipelineOptions(picture_s=0))) == []


def test_a_reason_keeps_the_moment_since_when_it_holds():
    reasons, trouble = Reasons(), Trouble("heat", "it is hot")
    (first,) = reasons.update([(None, trouble)])
    again, other = reasons.update([(None, trouble), ("hall", trouble)])
    assert again is first and other.camera == "hall"
    assert reasons.update([]) == ()


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([None] * 20, [False] * 20),
        ([False, True, False, False], [False] * 4),
        ([True, True, False, False], [False, True, True, True]),
        ([True, True, *[False] * 7], [False, *[True] * 6, False, False]),
        ([True, True, False, True, *[False] * 7], [False, *[True] * 8, False, False]),
    ],
)
def test_throttling_begins_and_ends(looks, expected):
    throttling = Throttling()
    found = []
    for k, look in enumerate(looks):
        throttling.update(look, 10.0 * k)
        found.append(bool(throttling.troubles))
    assert found == expected


DAY = 86_400.0
NOW = 1_800_000_000.0  # 2027-01-15


@pytest.mark.parametrize(
    ("last_ok", "days", "expected"),
    [
        (None, 0, ""),
        (None, 30, "no drill has reached anybody yet"),
        ("2027-01-01T00:00:00.000Z", 30, ""),
        ("2026-12-01T00:00:00.000Z", 30, "no drill has reached anybody since 2026-12-01"),
        ("2026-12-01T00:00:00.000Z", 0, ""),
        ("2030-12-01T00:00:00.000Z", 30, ""),
    ],
)
def test_a_drill_is_due_after_as_many_days_as_asked(last_ok, days, expected):
    found = overdue(last_ok, days, NOW)
    assert [one.code for one in found] == ["drill_overdue"] * bool(expected)
    assert not expected or expected in found[0].hint


def test_a_clock_that_is_not_set_asks_for_no_drill():
    assert overdue("2027-01-01T00:00:00.000Z", 1, 12.0) == ()
