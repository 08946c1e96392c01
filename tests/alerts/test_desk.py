"""One id for every fall, a latch that outlives the process, and the end that somebody, or time, gives it."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from alert_kit import desk, fall, uuid7
from hypothesis import given
from hypothesis import strategies as st

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.mend import MAX_BYTES
from edgepose.alerts.message import Alert
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
    again = desk(tmp_path / "alerts.db", clear_s=0.0)
    (cleared,) = again.tend()
    assert (cleared.id, cleared.type, cleared.evidence) == (born, "end", {"by": "timeout"})
    assert again.state("hall").state == "OFF" and again.tend() == []
    again.store.close()


def test_a_fall_of_this_process_is_not_cleared_by_time_alone(tmp_path: Path):
    one = desk(tmp_path / "alerts.db", clear_s=0.0)
    one.take("hall", fall("confirmed", uuid7()))
    assert one.tend() == []
    one.store.close()


def test_an_incident_that_is_not_open_cannot_be_closed(memory: AlertDesk):
    assert memory.close_incident("no such id", "somebody") is None


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
