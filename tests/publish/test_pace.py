"""A backlog goes out no faster than a slow pager reads, and what is fresh and critical does not wait behind it."""

from __future__ import annotations

import json
import time

import pytest
from publish_scene import wait_for
from subscriber import Subscriber

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.store import MemoryAlertStore, StoredAlert
from edgepose.clock import uuid7
from edgepose.publish.mqtt.pace import BURST, RATE, RESERVED, Pace
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions
from edgepose.types import Event


def alerts(n: int, stage: str, since_s: float) -> list[StoredAlert]:
    desk = AlertDesk("jetson", MemoryAlertStore())
    return [StoredAlert(desk.take("hall", event(stage)), since_s) for _ in range(n)]


def event(stage: str) -> Event:
    return Event("fall", stage, time.monotonic(), episode=uuid7())


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


OLD, LIGHT, FRESH = alerts(1, "confirmed", 10.0), alerts(1, "suspected", 999.0), alerts(1, "confirmed", 999.0)


def sent(pace: Pace, ready: list[StoredAlert]) -> int:
    n = len(pace.allowed(ready))
    for _ in range(n):
        pace.went()
    return n


@pytest.mark.parametrize("waiting", [OLD, LIGHT])
def test_a_backlog_goes_in_a_burst_and_then_at_a_rate(waiting):
    clock = Clock()
    pace = Pace(clock)
    assert sent(pace, waiting * 20_000) == BURST - RESERVED
    assert sent(pace, waiting * 20_000) == 0
    n = 0
    for _ in range(100):
        clock.now_s += 0.1
        n += sent(pace, waiting * 20_000)
    assert n == pytest.approx(10 * RATE, abs=2)


def test_what_is_fresh_and_critical_goes_at_once_behind_a_backlog():
    clock = Clock()
    pace = Pace(clock)
    sent(pace, OLD * 20_000)
    assert sent(pace, FRESH * 10 + OLD * 20_000) == 10


def test_a_flood_of_fresh_ones_is_paced_too():
    clock = Clock()
    pace = Pace(clock)
    assert sent(pace, FRESH * 25_000) == BURST
    clock.now_s += 0.5
    assert sent(pace, FRESH * 25_000) == RATE / 2


def test_a_broker_gets_a_backlog_at_its_pace_and_a_fresh_fall_at_once(broker):
    desk = AlertDesk("jetson", MemoryAlertStore())
    for _ in range(600):
        desk.take("hall", event("suspected"))
    publisher = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
    publisher.use_desk(desk)
    with Subscriber(broker.port) as subscriber:
        began = time.monotonic()
        publisher.open({})
        assert wait_for(lambda: len(subscriber.raw("/alert")) > 100)
        fresh = desk.take("hall", event("confirmed"))
        publisher.alert(fresh)
        assert wait_for(lambda: any(json.loads(one)["id"] == fresh.id for one in subscriber.raw("/alert")))
        assert len(subscriber.raw("/alert")) < 600
        assert wait_for(lambda: desk.store.depth() == 0)
        assert time.monotonic() - began > (600 - BURST) / RATE
        assert wait_for(lambda: len(subscriber.raw("/alert")) >= 601)
        numbers = [one["seq"] for one in subscriber.json("/alert")]
        assert sorted(numbers) == list(range(601))
    publisher.close()
