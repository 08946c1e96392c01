"""One id for every fall, a latch that outlives the process, and the end that somebody, or time, gives it."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from alert_kit import desk, fall, uuid7
from hypothesis import given
from hypothesis import strategies as st

from edgepose.alerts.acknowledgement import Acknowledgement, read_acknowledgement
from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.mend import MAX_BYTES
from edgepose.alerts.message import Alert
from edgepose.alerts.options import AlertOptions
from edgepose.alerts.store import MemoryAlertStore
from edgepose.encoding import encode
from edgepose.types import Event


@pytest.fixture
def memory() -> AlertDesk:
    return AlertDesk("jetson", MemoryAlertStore())


def test_the_stages_of_a_fall_share_the_id_that_its_rule_gave(memory: AlertDesk):
    born = uuid7()
    told = [memory.take("hall", fall(stage, born)) for stage in ("suspected", "confirmed", "recovered")]
    assert [(one.id, one.type, one.seq) for one in told] == [(born, "new", 0), (born, "update", 1), (born, "end", 2)]
    assert memory.state("hall").state == "OFF"


def test_a_rule_that_numbers_its_falls_gets_an_id_for_each(memory: AlertDesk):
    first, second = memory.take("hall", fall("confirmed", 1)), memory.take("bath", fall("confirmed", 1))
    end, anew = memory.take("hall", fall("recovered", 1)), memory.take("hall", fall("confirmed", 1))
    assert first.id == end.id and len({first.id, second.id, anew.id}) == 3
    assert (end.type, anew.type) == ("end", "new")


def test_a_fall_that_was_open_when_the_process_ended_stays_on_and_is_unknown(tmp_path: Path):
    one, born = desk(tmp_path / "alerts.db"), uuid7()
    one.take("hall", fall("confirmed", born))
    one.store.close()  # as a kill does: nothing more is said
    again = desk(tmp_path / "alerts.db")
    assert (again.state("hall").state, again.state("hall").stage) == ("ON", "confirmed")
    (unknown,) = again.interrupt("EdgePose did not run for a while")
    assert (unknown.id, unknown.type, unknown.event_type) == (born, "update", "unknown")
    assert (again.state("hall").state, again.state("hall").stage) == ("ON", "unknown")
    assert again.interrupt("said already") == []
    again.store.close()


def test_what_an_earlier_process_left_open_is_cleared_after_a_while_and_says_why(tmp_path: Path):
    one, born = desk(tmp_path / "alerts.db"), uuid7()
    one.take("hall", fall("confirmed", born))
    one.store.close()
    again = desk(tmp_path / "alerts.db", clear_s=0.001)
    time.sleep(0.01)
    (cleared,) = again.tend()
    assert (cleared.id, cleared.type, cleared.evidence) == (born, "end", {"by": "timeout"})
    assert again.state("hall").state == "OFF" and again.tend() == []
    again.store.close()


def test_a_fall_of_this_process_is_not_cleared_by_time_alone(tmp_path: Path):
    one = desk(tmp_path / "alerts.db", clear_s=0.001)
    one.take("hall", fall("confirmed", uuid7()))
    assert one.tend() == []
    one.store.close()


ANSWERS = {"seen": ("update", "ON"), "helped": ("end", "OFF"), "false_alarm": ("end", "OFF")}
"""What becomes of an incident: the type of the alert that says so, and the latched state."""


@pytest.mark.parametrize(("action", "becomes"), ANSWERS.items())
def test_what_an_answer_does(memory: AlertDesk, action, becomes):
    born = memory.take("hall", fall("confirmed", uuid7())).id
    alert = memory.acknowledge(Acknowledgement(born, action, "anna"))
    assert alert is not None and (alert.id, alert.type) == (born, becomes[0])
    assert alert.evidence == {"action": action, "by": "anna"}
    assert memory.state("hall").state == becomes[1]


def test_an_answer_to_nothing_that_is_open_does_nothing(memory: AlertDesk):
    born = memory.take("hall", fall("confirmed", uuid7())).id
    memory.acknowledge(Acknowledgement(born, "helped", "anna"))
    assert memory.acknowledge(Acknowledgement(born, "seen", "anna")) is None
    assert memory.acknowledge(Acknowledgement("no such id", "helped")) is None
    assert memory.store.depth() == 2


def test_what_nobody_has_seen_is_announced_again_until_somebody_has(monkeypatch: pytest.MonkeyPatch):
    clock = [1000.0]
    monkeypatch.setattr("edgepose.alerts.desk.time.monotonic", lambda: clock[0])
    options = AlertOptions(require_ack=True, again_s=60)
    one = AlertDesk("jetson", MemoryAlertStore(), options=options)
    born = one.take("hall", fall("confirmed", uuid7())).id
    one.take("bath", fall("suspected", uuid7()))  # no more than a suspicion: nobody is woken twice
    again = []
    for _ in range(3):
        clock[0] += 60
        again += one.tend()
    assert [(alert.id, alert.event_type, alert.severity) for alert in again] == [
        (born, "fall_confirmed", "critical")
    ] * 3
    one.acknowledge(Acknowledgement(born, "seen", "anna"))
    clock[0] += 120
    assert one.tend() == [] and one.state("hall").state == "ON"


def test_who_has_seen_it_is_kept_with_the_incident_through_a_restart(tmp_path: Path):
    one = desk(tmp_path / "alerts.db")
    born = one.take("hall", fall("confirmed", uuid7())).id
    one.acknowledge(Acknowledgement(born, "seen", "anna"))
    one.store.close()
    again = desk(tmp_path / "alerts.db")
    assert [(incident.id, incident.seen) for incident in again.store.open_incidents()] == [(born, "anna")]
    again.store.close()


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"null", b"[" * 3000, b'{"alert_id": 3, "action": "seen"}', b'{"alert_id": "x", "action": "explode"}'],
)
def test_a_message_that_is_no_answer_is_none(payload: bytes):
    assert read_acknowledgement(payload) is None


@given(st.binary() | st.text().map(str.encode))
def test_any_message_is_an_answer_or_none(payload: bytes):
    answer = read_acknowledgement(payload)
    assert answer is None or answer.action in ANSWERS


def test_an_answer_keeps_a_printable_short_name():
    answer = read_acknowledgement(
        json.dumps({"alert_id": "x", "action": "seen", "by": "a\n\x1b[31m" + "b" * 500}).encode()
    )
    assert answer is not None and answer.by == "a[31m" + "b" * 93


class Rude:
    def __str__(self) -> str:
        raise RuntimeError("no")


ODD = {
    "nan time": {"t": math.nan},
    "infinite time": {"t": math.inf, "started_t": -math.inf},
    "time as text": {"t": "yesterday"},
    "no score": {"score": None},
    "nan score": {"score": math.nan},
    "a path": {"evidence": {"file": Path("/secret/place.jpg")}},
    "bytes": {"evidence": {"picture": b"\xff\xd8" * 10_000}},
    "an image": {"evidence": {"picture": np.zeros((480, 640, 3), np.uint8)}},
    "megabytes": {"evidence": {str(k): "x" * 5000 for k in range(1000)}},
    "one large list": {"evidence": {"all": list(range(10**6))}},
    "deep": {"evidence": {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}},
    "itself": {"evidence": (loop := {})},
    "numbers as keys": {"evidence": {1: 2, None: 3, (1, 2): 4}},
    "a set": {"evidence": {"near": {1, 2}}},
    "a huge number": {"evidence": {"n": 10**400, "m": -(10**30)}},
    "half a surrogate": {"evidence": {"name": "\ud800"}},
    "an object": {"evidence": {"rule": object()}},
    "a rude object": {"evidence": {"rule": Rude()}},
    "a class": {"evidence": {"rule": Rude}},
    "numpy": {"evidence": {"x": np.float32("nan"), "y": np.int64(3), "z": np.arange(3)}},
    "no evidence": {"evidence": None},
    "a list of evidence": {"evidence": [1, 2]},
    "a long zone": {"zone": "bed" * 10_000},
    "a zone that is none": {"zone": 7},
    "a track of words": {"track_id": "grandmother"},
    "an enormous track": {"track_id": 10**30},
    "an odd stage": {"stage": 3},
    "an odd episode": {"episode": {"a": 1}},
    "a drill that is a word": {"evidence": {"drill": "yes"}},
}
loop["self"] = loop


@pytest.mark.parametrize("change", ODD.values(), ids=ODD.keys())
def test_an_odd_event_is_mended_when_it_is_taken_and_can_be_sent_and_read_again(change, tmp_path: Path):
    one = desk(tmp_path / "alerts.db")
    fields = {"kind": "fall", "stage": "confirmed", "t": 1.0, "track_id": 1, "episode": uuid7()} | change
    one.take("hall", Event(**fields))
    behind = one.take("hall", fall("confirmed", uuid7()))
    sent = [item.alert for item in one.store.batch(9)]
    assert len(sent) == 2 and behind in sent
    for alert in sent:
        assert len(encode(alert)) < MAX_BYTES + 4000
        assert msgspec.json.decode(encode(alert), type=Alert).id == alert.id
    one.store.close()


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@given(evidence=st.dictionaries(st.text(), _values), t=st.floats(), score=st.floats() | st.none())
def test_any_event_becomes_an_alert(evidence, t, score):
    alert = AlertDesk("jetson", MemoryAlertStore()).take(
        "hall", Event("fall", "suspected", t, 1, score, evidence=evidence)
    )
    assert msgspec.json.decode(encode(alert), type=Alert).seq == 0
