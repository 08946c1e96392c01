"""Boards without a battery clock begin in 1970 and jump later: what waits then is neither lost nor kept for ever."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from alert_kit import desk, fall, uuid7, waiting

from edgepose.alerts.calls import seconds_since
from edgepose.alerts.spool import Spool

IN_1970, TODAY, DAY = 120.0, 1_796_000_000.0, 86_400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.db"


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the wall clock, and which boot this is."""

    def to(seconds: float, boot: str = "this one") -> None:
        monkeypatch.setattr("time.time", lambda: seconds)
        monkeypatch.setattr("time.time_ns", lambda: int(seconds * 1e9))
        monkeypatch.setattr("edgepose.alerts.spool.boot_id", lambda: boot)
        monkeypatch.setattr("edgepose.alerts.timing.boot_id", lambda: boot)

    return to


def left_after(path: Path) -> list[int]:
    """What waits once a spool was opened and written to, which lets go of what is too old."""
    one = desk(path)
    one.take("hall", fall("suspected", uuid7()))
    found = waiting(one.store)[:-1]
    one.store.close()
    return found


JUMPS = [
    (recorded, jump, boot)
    for recorded in (IN_1970, TODAY)
    for jump in (IN_1970, TODAY, TODAY + 3600, TODAY - 3600, TODAY + 400 * DAY)
    for boot in ("this one", "the next")
    if not (recorded == TODAY and jump > TODAY + DAY and boot == "the next")  # that one is too old
]


@pytest.mark.parametrize(("recorded", "jump", "boot"), JUMPS)
def test_an_alert_outlives_any_jump_of_the_clock(path: Path, set_clock, recorded, jump, boot):
    set_clock(recorded)
    one = desk(path)
    one.take("hall", fall("confirmed", uuid7()))
    one.store.close()
    set_clock(jump, boot)
    assert left_after(path) == [0]


def test_one_of_an_unset_clock_is_let_go_seven_days_after_an_other_boot_saw_it(path: Path, set_clock):
    set_clock(IN_1970, "first")
    one = desk(path)
    one.take("hall", fall("confirmed", uuid7()))
    one.take("hall", fall("recovered", uuid7()))
    one.store.close()
    set_clock(TODAY, "second")
    assert left_after(path) == [0, 1]
    set_clock(TODAY + 6 * DAY, "third")
    assert left_after(path)[:2] == [0, 1]
    set_clock(TODAY + 8 * DAY, "fourth")
    assert 0 not in left_after(path)


def test_one_of_this_boot_is_let_go_after_seven_days_whatever_the_clock_says(path: Path, set_clock):
    set_clock(TODAY)
    one = desk(path)
    for _ in range(2):
        one.take("hall", fall("confirmed", uuid7()))
    one.store.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE alerts SET mono_ms = ? WHERE seq = 0", (round((time.monotonic() - 8 * DAY) * 1000),))
    db.commit()
    db.close()
    assert left_after(path) == [1]


def test_a_fall_of_an_unset_clock_is_not_taken_for_one_that_is_over_since_years(path: Path, set_clock):
    set_clock(IN_1970)
    one = desk(path)
    one.take("hall", fall("confirmed", born := uuid7()))
    one.store.close()
    set_clock(TODAY)
    again = desk(path)
    assert [call.incident.id for call in again.calls()] == [born]
    again.store.close()
    assert seconds_since("1970-01-01T00:02:00.000Z") == 0.0


def test_marks_of_incidents_that_ended_outlive_the_jump(path: Path, set_clock):
    set_clock(IN_1970)
    one = desk(path)
    one.take("hall", fall("confirmed", born := uuid7()))
    one.take("hall", fall("recovered", born))
    one.store.close()
    set_clock(TODAY)
    left_after(path)
    store = Spool(path)
    assert born in [incident.id for incident in store.incidents(9)]
    store.close()
