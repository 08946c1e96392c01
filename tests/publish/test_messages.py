"""Payloads: every message fits its schema, and ids sort by time."""

from __future__ import annotations

import json
import re
import time
import uuid

import msgspec
import numpy as np
import pytest
from publish_scene import fall, person, result

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert, rounded
from edgepose.alerts.store import MemoryAlertStore
from edgepose.clock import rfc3339, uuid7
from edgepose.encoding import encode
from edgepose.publish.mqtt.messages import Skeletons, skeletons
from edgepose.publish.schema import schemas


def test_every_schema_has_an_id_and_says_what_it_is():
    found = schemas()
    assert set(found) >= {"skeleton", "alert", "fall", "occupancy", "health", "event", "frame"}
    assert all(schema["$id"] == f"edgepose.{name}/1" for name, schema in found.items())
    assert "description" in json.dumps(found["alert"])


def test_a_skeleton_message_reads_back_as_its_own_type():
    frame = result(person(1), person(2))
    message = msgspec.json.decode(encode(skeletons(frame, frame.tracks, 5, {1: "sitting"}, 0)), type=Skeletons)
    assert message.n == 2 and message.p[0].st == "sitting" and message.t == 5


def test_an_alert_reads_back_as_its_own_type():
    alert = AlertDesk("jetson", MemoryAlertStore()).take(
        "hall", fall("suspected", speed=np.float32(1.5)), person().pose
    )
    assert msgspec.json.decode(encode(alert), type=Alert).evidence == {"speed": 1.5}


def test_one_person_takes_about_468_bytes():
    frame = result(person())
    assert 300 < len(encode(skeletons(frame, frame.tracks, 0, {}, 0))) < 600


def test_rounding_leaves_one_decimal_in_the_text():
    assert encode(rounded(np.float32([[123.456, 0.1, 0.987]])).tolist()) == b"[[123.5,0.1,0.99]]"


def test_drills_are_marked_outside_the_evidence():
    alert = AlertDesk("jetson", MemoryAlertStore()).take("hall", fall("confirmed", drill=True, speed=1))
    assert alert.drill and alert.evidence == {"speed": 1}


def test_ids_are_version_7_and_sort_by_time():
    first = uuid7()
    time.sleep(0.002)
    second = uuid7()
    assert uuid.UUID(first).version == 7 and uuid.UUID(first).variant == uuid.RFC_4122
    assert first < second
    many = [uuid7() for _ in range(5000)]
    assert many == sorted(set(many)) and all(uuid.UUID(one).version == 7 for one in many)


@pytest.mark.parametrize(("ms", "words"), [(0, "1970-01-01T00:00:00.000Z"), (1_769_847_300_007, r".*T.*:..\.007Z")])
def test_times_are_utc_with_milliseconds(ms, words):
    assert re.fullmatch(words, rfc3339(ms))
