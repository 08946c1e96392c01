"""Somebody has to be there to hear an alert: who is not is said, whoever else subscribes."""

from __future__ import annotations

import pytest
from publish_scene import wait_for
from subscriber import Subscriber

from edgepose.publish.mqtt import presence
from edgepose.publish.mqtt.presence import ABSENT_S, Presence
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions

STORIES = {
    "never came": ([], ["anna"]),
    "came": ([(1, "anna", b"online")], []),
    "came and went": ([(1, "anna", b"online"), (20, "anna", b"offline")], ["anna"]),
    "restarts": ([(1, "anna", b"online"), (180, "anna", b"offline")], []),
    "says offline again and again": ([(20, "anna", b"offline"), (199, "anna", b"offline")], ["anna"]),
    "came back": ([(20, "anna", b"offline"), (190, "anna", b"online")], []),
    "another": ([(1, "anna", b"online"), (2, "bert", b"online"), (3, "bert", b"offline")], ["bert"]),
    "another that is none any more": ([(1, "anna", b"online"), (2, "bert", b"offline"), (3, "bert", b"")], []),
    "took itself away though wanted": ([(1, "anna", b"online"), (2, "anna", b"")], ["anna"]),
    "says nonsense": ([(1, "anna", b"\xff\x00")], ["anna"]),
}


@pytest.mark.parametrize(("said", "expected"), STORIES.values(), ids=STORIES.keys())
def test_who_is_away(said, expected):
    here = Presence(["anna"], 0.0)
    for at_s, name, payload in said:
        here.hear(name, payload, at_s)
    assert here.absent(200.0) == expected
    assert 90 - ABSENT_S >= 30  # a heartbeat


def test_health_says_who_is_away_though_a_logger_subscribes(broker, say, monkeypatch):
    monkeypatch.setattr(presence, "ABSENT_S", 0.0)
    one = MqttPublisher(MqttOptions(url=broker.url, device="jetson", pagers=("anna",)))
    one.open({"cameras": [{"name": "hall", "live": True}]})
    with Subscriber(broker.port) as logger:

        def absent() -> list[str]:
            one.stats({})
            reasons = logger.json("/health")[-1]["reasons"] if logger.json("/health") else []
            return [reason["hint"] for reason in reasons if reason["code"] == "pager_absent"]

        assert wait_for(lambda: "anna" in str(absent()))
        say("pager/anna", "online", True)
        assert wait_for(lambda: absent() == [])
        say("pager/anna", "offline", True)
        assert wait_for(lambda: "anna" in str(absent()))
    one.close()


def test_home_assistant_is_watched_by_its_own_topic(broker, monkeypatch):
    monkeypatch.setattr(presence, "ABSENT_S", 0.0)
    one = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
    one.open({"cameras": [{"name": "hall", "live": True}]})
    assert wait_for(lambda: one.connected)
    one._inbox.take("homeassistant/status", b"offline", False)
    one.stats({})
    assert ["Home Assistant" in reason.hint for reason in one.health.message().reasons] == [True]
    one._inbox.take("homeassistant/status", b"online", False)
    one.stats({})
    assert one.health.message().reasons == []
    one.close()
