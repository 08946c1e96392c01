"""What an incident keeps: its moments, its answer, and those of other cameras that saw the same fall."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest
from alert_kit import desk, fall, uuid7

from edgepose.alerts.acknowledgement import Acknowledgement
from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.reading import reading
from edgepose.alerts.spool import Spool
from edgepose.alerts.store import MemoryAlertStore
from edgepose.types import Event


@pytest.fixture(params=["memory", "disk"])
def one(request, tmp_path: Path):
    made = AlertDesk("jetson", MemoryAlertStore()) if request.param == "memory" else desk(tmp_path / "alerts.db")
    yield made
    made.store.close()


def test_an_incident_keeps_the_seconds_from_the_impact_to_each_moment(one: AlertDesk):
    born, impact = uuid7(), time.monotonic() - 3
    one.take("hall", Event("fall", "suspected", impact + 0.5, started_t=impact, episode=born))
    alert = one.take("hall", Event("fall", "confirmed", impact + 2, started_t=impact, episode=born))
    one.handed_over(alert)
    one.acknowledge(Acknowledgement(born, "seen", "anna"))
    incident = one.store.incident(born)
    assert incident is not None and incident.action == "seen"
    assert (incident.seconds["suspected"], incident.seconds["confirmed"]) == (0.5, 2.0)
    assert incident.seconds["handed_over"] == pytest.approx(3, abs=0.5)
    assert incident.seconds["acknowledged"] == pytest.approx(3, abs=0.5)


def test_the_moments_of_a_recording_are_those_of_its_own_time(one: AlertDesk):
    born = uuid7()
    one.take("hall", Event("fall", "suspected", 10.0, started_t=9.5, episode=born))
    one.handed_over(one.take("hall", Event("fall", "confirmed", 12.0, started_t=9.5, episode=born)))
    incident = one.store.incident(born)
    assert incident is not None
    assert incident.seconds == {"suspected": 0.5, "confirmed": 2.5, "handed_over": pytest.approx(0.5, abs=0.5)}


def test_handing_over_counts_for_the_gravest_alert(one: AlertDesk):
    born = uuid7()
    first = one.take("hall", fall("suspected", born))
    one.handed_over(first)
    second = one.take("hall", fall("confirmed", born))
    assert [call.handed_over for call in one.calls()] == [False]
    one.handed_over(second)
    assert [call.handed_over for call in one.calls()] == [True]


def test_a_mark_and_its_moments_stay_when_the_rule_goes_on(one: AlertDesk):
    born = uuid7()
    one.take("hall", fall("confirmed", born))
    one.acknowledge(Acknowledgement(born, "false_alarm", "anna"))
    end = one.take("hall", fall("recovered", born))
    incident = one.store.incident(born)
    assert end.type == "end" and incident is not None
    assert (incident.action, incident.by) == ("false_alarm", "anna")
    assert {"confirmed", "acknowledged", "recovered"} <= incident.seconds.keys()


def test_clearing_ends_what_is_open_and_nothing_else(one: AlertDesk):
    born = uuid7()
    one.take("hall", fall("confirmed", born))
    cleared = one.clear(born, "anna")
    assert cleared is not None and cleared.type == "end" and cleared.evidence == {"action": "cleared", "by": "anna"}
    assert one.clear(born, "anna") is None and one.clear("unknown", "anna") is None
    assert one.state("hall").state == "OFF" and one.calls() == []


CALLS = {
    "confirmed": (["confirmed"], True),
    "only suspected": (["suspected"], False),
    "got up before anybody heard": (["confirmed", "recovered"], True),
    "help, which ends at once": ([None], True),
}


@pytest.mark.parametrize("stages, called", CALLS.values(), ids=CALLS.keys())
def test_a_critical_incident_that_nobody_has_heard_of_is_called(one: AlertDesk, stages, called: bool):
    born = uuid7()
    for stage in stages:
        if stage is None:
            one.take("hall", Event("gesture", "help", time.monotonic()))
        else:
            one.take("hall", fall(stage, born))
    assert bool(one.calls()) is called


@pytest.mark.parametrize("action", ["seen", "helped", "false_alarm"])
def test_an_answer_ends_the_call(one: AlertDesk, action):
    born = uuid7()
    one.take("hall", fall("confirmed", born))
    one.acknowledge(Acknowledgement(born, action, "anna"))
    assert one.calls() == []


def test_a_call_that_was_heard_of_ends_with_the_fall(one: AlertDesk):
    born = uuid7()
    one.handed_over(one.take("hall", fall("confirmed", born)))
    assert len(one.calls()) == 1
    one.take("hall", fall("recovered", born))
    assert one.calls() == []


def test_a_call_goes_on_after_a_restart(tmp_path: Path):
    before = desk(tmp_path / "alerts.db")
    before.take("hall", fall("confirmed", born := uuid7()))
    before.store.close()
    again = desk(tmp_path / "alerts.db")
    again.interrupt("EdgePose did not run for a while")
    assert [(call.incident.id, call.handed_over) for call in again.calls()] == [(born, False)]
    again.store.close()


ROOMS = {
    "one room": ({"hall": "living", "door": "living"}, None, None, 1.0, True),
    "one zone": ({}, "sofa", "sofa", 1.0, True),
    "two rooms": ({"hall": "living", "door": "bath"}, None, None, 1.0, False),
    "two zones": ({}, "sofa", "bed", 1.0, False),
    "nothing known": ({}, None, None, 1.0, False),
    "too late": ({"hall": "living", "door": "living"}, None, None, 6.0, False),
}


@pytest.mark.parametrize("rooms, zone, other_zone, apart_s, same", ROOMS.values(), ids=ROOMS.keys())
def test_two_cameras_that_see_one_fall_name_each_other(rooms, zone, other_zone, apart_s, same):
    one = AlertDesk("jetson", MemoryAlertStore(), rooms=rooms)
    first, second, now = uuid7(), uuid7(), time.monotonic()
    impact = now - 10
    one.take("hall", Event("fall", "suspected", now, started_t=impact, episode=first, zone=zone))
    met = one.take("door", Event("fall", "confirmed", now, started_t=impact + apart_s, episode=second, zone=other_zone))
    then = one.take("hall", Event("fall", "confirmed", now, started_t=impact, episode=first, zone=zone))
    assert (met.related, then.related) == (([first], [second]) if same else ([], []))
    incident = one.store.incident(first)
    assert incident is not None and incident.related == ([second] if same else [])


def test_two_people_who_fall_before_one_camera_are_two_falls():
    one = AlertDesk("jetson", MemoryAlertStore(), rooms={"hall": "living"})
    one.take("hall", fall("confirmed", uuid7()))
    assert one.take("hall", fall("confirmed", uuid7())).related == []


def test_seen_once_is_seen_by_both_cameras_and_ends_only_what_was_meant():
    one = AlertDesk("jetson", MemoryAlertStore(), rooms={"hall": "living", "door": "living"})
    first, second = uuid7(), uuid7()
    one.take("hall", fall("confirmed", first))
    one.take("door", fall("confirmed", second))
    one.acknowledge(Acknowledgement(first, "seen", "anna"))
    assert one.calls() == [] and one.state("door").state == "ON"


def test_a_drill_latches_nothing_but_itself_and_is_remembered_once_somebody_took_it(tmp_path: Path):
    one = desk(tmp_path / "alerts.db")
    alert = one.take("hall", fall("confirmed", born := uuid7(), drill=True))
    assert one.state("hall").state == "OFF"
    assert (one.drill_state().state, one.drill_state().alert_id, one.last_drill_ok) == ("ON", born, None)
    one.handed_over(alert)
    one.clear(born, "the drill is over")
    assert one.drill_state().state == "OFF" and one.last_drill_ok == alert.started
    one.store.close()
    again = desk(tmp_path / "alerts.db")
    assert again.last_drill_ok == alert.started
    again.store.close()


def test_what_changed_last_is_what_the_disk_has(tmp_path: Path):
    one, born = desk(tmp_path / "alerts.db"), uuid7()
    one.handed_over(one.take("hall", fall("confirmed", born)))
    one.note(born, "second_way")
    one.take("hall", fall("long_lie", born))
    one.store.close()
    store = Spool(tmp_path / "alerts.db")
    incident = store.incident(born)
    assert incident is not None and incident.stage == "long_lie"
    assert {"confirmed", "handed_over", "second_way", "long_lie"} == incident.seconds.keys()
    assert store.incidents(9) == [incident] and [item.alert.seq for item in store.page(0, 9)] == [1]
    store.close()


VERSION_1 = """
CREATE TABLE alerts (seq INTEGER PRIMARY KEY, gravity INTEGER NOT NULL, recorded_ms INTEGER NOT NULL,
    mono_ms INTEGER NOT NULL, boot TEXT NOT NULL, message BLOB NOT NULL);
CREATE TABLE incidents (id TEXT PRIMARY KEY, camera TEXT NOT NULL, stage TEXT NOT NULL, started TEXT NOT NULL,
    closed TEXT, by TEXT, seen TEXT, severity TEXT NOT NULL, drill INTEGER NOT NULL, changed_ms INTEGER NOT NULL);
CREATE TABLE next (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
INSERT INTO next VALUES (1, 7);
INSERT INTO incidents VALUES ('a', 'hall', 'confirmed', '2026-01-01T00:00:00.000Z', NULL, NULL, NULL, 'critical', 0, 1);
PRAGMA user_version=1;
"""


def test_a_spool_of_the_first_version_goes_on(tmp_path: Path):
    db = sqlite3.connect(tmp_path / "alerts.db")
    db.executescript(VERSION_1)
    db.close()
    one = desk(tmp_path / "alerts.db")
    assert [incident.id for incident in one.store.open_incidents()] == ["a"]
    assert one.take("hall", replace(fall("recovered", "a"), started_t=None)).seq == 7
    assert one.store.open_incidents() == []
    one.store.close()


def test_a_moment_reaches_the_disk_by_itself_and_keeps_no_alert_waiting(tmp_path: Path):
    one, born = desk(tmp_path / "alerts.db"), uuid7()
    alert = one.take("hall", fall("confirmed", born))
    one.note(born, "second_way")
    with reading(tmp_path / "alerts.db") as there:
        deadline = time.monotonic() + 5
        while "second_way" not in there.incident(born).seconds and time.monotonic() < deadline:
            time.sleep(0.02)
        assert "second_way" in there.incident(born).seconds
    assert alert.seq == 0
    one.store.close()
