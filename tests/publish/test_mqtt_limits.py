"""Brokers that take less than others: small packets, few messages at once, no QoS 1, nothing retained."""

from __future__ import annotations

import time

import msgspec
import pytest
from fake_broker import FakeBroker
from publish_scene import fall, person, result, wait_for
from subscriber import Subscriber

from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions


def opened(url: str, card: dict | None = None, **options) -> MqttPublisher:
    publisher = MqttPublisher(MqttOptions(url=url, device="jetson", **options))
    publisher.open(card or {})
    assert wait_for(lambda: publisher.connected)
    return publisher


def codes(publisher: MqttPublisher) -> set[str]:
    return {reason.code for reason in publisher.health.message().reasons}


def test_what_is_larger_than_the_broker_takes_is_left_out_and_said(make_broker):
    broker = make_broker("allow_anonymous true\nmax_packet_size 1000").start()
    with Subscriber(broker.port) as subscriber:
        publisher = opened(broker.url, {"limbs": [[0, 1]] * 400})
        for seq in range(5):
            publisher.publish(result(*[person(i) for i in range(6)], seq=seq))
        publisher.publish(result(person(), seq=5, events=(fall("confirmed", note="x" * 300),)))
        assert wait_for(lambda: subscriber.json("/alert") and subscriber.json("/fall")[-1:] != [])
        assert wait_for(lambda: subscriber.json("/alert")[0]["pose"] is None)
        assert wait_for(lambda: subscriber.json("/skeleton"))
        assert wait_for(lambda: len(subscriber.json("/skeleton")) == 1 and not subscriber.raw("/info"))
        assert codes(publisher) == {"message_too_large"}
        assert publisher._link.n_too_large >= 6 and publisher._session.n_connects == 1
        publisher.close()
        assert wait_for(lambda: subscriber.raw("jetson/status")[-1] == b"stopped")


def test_no_more_is_under_way_than_the_broker_wants():
    broker = FakeBroker(properties=b"\x21\x00\x02")
    publisher = opened(broker.url)
    seen: list[int] = []
    send = publisher._session.publish

    def publish(*args: object, **more: object) -> int:
        mid = send(*args, **more)
        seen.append(len(publisher._session._open))
        return mid

    publisher._session.publish = publish
    for number in range(10):
        publisher.publish(result(events=(fall("suspected", episode=number),), source=f"cam{number}"))
    assert wait_for(lambda: broker.topics().count("alert") == 10 and not publisher._link._busy())
    assert max(seen) == 2
    publisher.close()
    broker.close()


def test_states_are_sent_beside_a_backlog_of_alerts_even_one_at_a_time(make_broker):
    broker = make_broker("allow_anonymous true\nmax_inflight_messages 1").start()
    with Subscriber(broker.port) as subscriber:
        publisher = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
        for number in range(50):
            publisher.publish(result(events=(fall("suspected", episode=number),)))
        publisher.open({})
        assert wait_for(lambda: len(subscriber.json("/alert")) == 50)
        topics = [topic.rsplit("/", 1)[-1] for topic, _, _ in subscriber.messages]
        assert topics[0] == "alert" and topics.index("status") < 10
        publisher.close()


@pytest.mark.parametrize(
    ("config", "code"), [("retain_available false", "retain_unavailable"), ("max_qos 0", "qos_unavailable")]
)
def test_a_broker_with_less_is_used_with_less_and_that_is_said(make_broker, config, code):
    broker = make_broker(f"allow_anonymous true\n{config}").start()
    with Subscriber(broker.port) as subscriber:
        publisher = opened(broker.url)
        publisher.publish(result(person(), events=(fall("confirmed"),)))
        assert wait_for(lambda: subscriber.json("/alert") and subscriber.json("/fall") and subscriber.raw("n/status"))
        assert wait_for(lambda: not publisher._desk.store.depth())
        assert codes(publisher) == {code}
        assert wait_for(lambda: msgspec.json.decode(subscriber.raw("/health")[-1])["reasons"][0]["code"] == code)
        publisher.close()


def test_states_that_are_not_kept_are_said_again(make_broker, monkeypatch):
    monkeypatch.setattr("edgepose.publish.mqtt.state_lane.STATE_RETRY_S", 0.3)
    broker = make_broker("allow_anonymous true\nretain_available false").start()
    publisher = opened(broker.url)
    assert wait_for(lambda: not publisher._link._busy())
    with Subscriber(broker.port) as late:
        assert wait_for(lambda: b"online" in late.raw("/status"))
    publisher.close()


def test_one_message_that_ends_the_connection_twice_is_set_aside_and_named(caplog):
    broker = FakeBroker(
        connack=lambda level: 0 if level == 4 else 1,
        puback=lambda topic, payload: -1 if topic.endswith("hall/fall") else 0,
    )
    publisher = opened(broker.url)
    publisher.publish(result(person(), events=(fall("confirmed"),)))
    assert wait_for(lambda: "message_set_aside" in codes(publisher))
    assert wait_for(lambda: "alert" in broker.topics() and publisher.connected)
    publisher.publish(result(person(), source="door"))
    assert wait_for(lambda: "skeleton" in broker.topics() and "occupancy" in broker.topics())
    assert "does not take edgepose/v1/jetson/cam/hall/fall: it closes the connection" in caplog.text
    connects = publisher._session.n_connects
    time.sleep(1.0)
    assert publisher.connected and publisher._session.n_connects == connects
    publisher.close()
    broker.close()


def test_skeletons_at_which_the_broker_hangs_up_are_left_out():
    broker = FakeBroker(
        connack=lambda level: 0 if level == 4 else 1, puback=lambda topic, payload: -1 if len(payload) > 3000 else 0
    )
    publisher = opened(broker.url)
    big, small = result(*[person(i) for i in range(10)]), result(person())

    def set_aside() -> bool:
        publisher.publish(big)
        time.sleep(0.05)
        return "message_set_aside" in codes(publisher)

    assert wait_for(set_aside)
    assert wait_for(lambda: publisher.connected)
    before = len(broker.published)
    publisher.publish(big)
    publisher.publish(small)
    assert wait_for(lambda: "skeleton" in [t.rsplit("/", 1)[-1] for _, t, *_ in broker.published[before:]])
    assert publisher.connected and publisher._link.n_too_large
    publisher.close()
    broker.close()
