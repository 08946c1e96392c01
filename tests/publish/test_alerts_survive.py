"""An alert that was recorded arrives: whatever happened to the process, and to the broker, in between."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from publish_scene import Mosquitto, fall, free_port, result, wait_for
from subscriber import Subscriber

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.options import AlertOptions
from edgepose.alerts.spool import Spool
from edgepose.clock import uuid7
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions

SENDER = """
import sys, time
sys.path[:0] = sys.argv[3:]
from pathlib import Path
from publish_scene import fall
from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.options import AlertOptions
from edgepose.alerts.spool import Spool
from edgepose.clock import uuid7
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions
desk = AlertDesk("jetson", Spool(Path(sys.argv[1])))
publisher = MqttPublisher(MqttOptions(url=sys.argv[2], device="jetson"))
publisher.use_desk(desk)
publisher.open({})
while True:
    alert = desk.take("hall", fall("confirmed", uuid7()))
    publisher.alert(alert)
    print(alert.seq, flush=True)
    time.sleep(0.005)
"""


def sender(spool: Path, url: str) -> subprocess.Popen[str]:
    """A process that records a fall every few milliseconds, and prints its number when it is recorded."""
    places = [str(place) for place in Path(__file__).parents[:2]]
    program = [sys.executable, "-c", SENDER, str(spool), url, *places]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def ended_after(process: subprocess.Popen[str], seconds: float, sign: int) -> list[int]:
    """The numbers that it had recorded when it was ended."""
    assert process.stdout is not None
    first = int(process.stdout.readline())
    time.sleep(seconds)
    process.send_signal(sign)
    rest = [int(line) for line in process.stdout if line.endswith("\n")]
    process.wait()
    return [first, *rest]


def opened(spool: Path, url: str, **options: object) -> tuple[AlertDesk, MqttPublisher]:
    desk = AlertDesk("jetson", Spool(spool), options=AlertOptions(**options))
    publisher = MqttPublisher(MqttOptions(url=url, device="jetson"))
    publisher.use_desk(desk)
    publisher.open({})
    return desk, publisher


def closed(desk: AlertDesk, publisher: MqttPublisher) -> None:
    publisher.close()
    desk.store.close()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_alerts_of_a_process_that_ends_while_the_broker_is_away_arrive_once_both_are_back(make_broker, tmp_path, sign):
    broker: Mosquitto = make_broker()
    recorded = ended_after(sender(tmp_path / "alerts.db", broker.url), 0.5, sign)
    broker.start()
    with Subscriber(broker.port) as subscriber:
        desk, publisher = opened(tmp_path / "alerts.db", broker.url)
        assert wait_for(lambda: set(recorded) <= {alert["seq"] for alert in subscriber.json("/alert")})
        assert wait_for(lambda: desk.store.depth() == 0)
        numbers = [alert["seq"] for alert in subscriber.json("/alert")]
        assert numbers == sorted(numbers)
        closed(desk, publisher)


def test_a_process_that_is_killed_again_and_again_loses_nothing_and_numbers_stay_gapless(broker, tmp_path):
    recorded = []
    with Subscriber(broker.port) as subscriber:
        for k in range(3):
            recorded += ended_after(sender(tmp_path / "alerts.db", broker.url), 0.1 + 0.15 * k, signal.SIGKILL)
        desk, publisher = opened(tmp_path / "alerts.db", broker.url)
        assert wait_for(lambda: set(recorded) <= {alert["seq"] for alert in subscriber.json("/alert")})
        ids = {alert["seq"]: alert["id"] for alert in subscriber.json("/alert")}
        assert all(ids[alert["seq"]] == alert["id"] for alert in subscriber.json("/alert"))  # twice is the same one
        closed(desk, publisher)
    assert sorted(ids) == list(range(len(ids)))


def test_a_broker_that_is_killed_mid_burst_gets_the_rest_when_it_is_back(broker, tmp_path, monkeypatch):
    monkeypatch.setattr("edgepose.publish.mqtt.alert_lane.RETRY_S", 0.2)
    monkeypatch.setattr("edgepose.publish.mqtt.suspects._PAUSE_S", 0.5)  # one that was under way in two kills
    desk, publisher = opened(tmp_path / "alerts.db", broker.url)
    release, acknowledged = desk.store.release, set[int]()
    monkeypatch.setattr(desk.store, "release", lambda seq: (acknowledged.add(seq), release(seq)))
    heard: set[int] = set()
    acknowledged_before_a_kill: set[int] = set()
    for _ in range(3):
        with Subscriber(broker.port) as subscriber:
            assert wait_for(lambda: publisher.connected)
            for _ in range(30):
                publisher.alert(desk.take("hall", fall("confirmed", uuid7())))
            wait_for(lambda seen=subscriber: len(seen.json("/alert")) > 5, 5)
            broker.stop()
            acknowledged_before_a_kill |= acknowledged
            heard |= {alert["seq"] for alert in subscriber.json("/alert")}
        broker.start()
    with Subscriber(broker.port) as subscriber:
        assert wait_for(lambda: desk.store.depth() == 0)
        time.sleep(0.2)
        heard |= {alert["seq"] for alert in subscriber.json("/alert")}
        closed(desk, publisher)
    # a broker without persistence may lose what it acknowledged last; what it never acknowledged is ours to deliver
    assert set(range(90)) - heard <= acknowledged_before_a_kill


def test_an_open_fall_is_on_and_unknown_after_a_restart_and_off_once_it_was_cleared(broker, tmp_path):
    desk, publisher = opened(tmp_path / "alerts.db", broker.url)
    publisher.publish(result())
    publisher.alert(desk.take("hall", fall("confirmed", born := uuid7())))
    assert wait_for(lambda: desk.store.depth() >= 0 and publisher.connected)
    with Subscriber(broker.port) as subscriber:
        for alert in desk.interrupt("EdgePose has stopped"):
            publisher.alert(alert)
        closed(desk, publisher)
        assert wait_for(lambda: subscriber.raw("status")[-1:] == [b"stopped"] or subscriber.raw("/status"))
        assert wait_for(lambda: subscriber.json("/fall")[-1] == {"state": "ON", "stage": "unknown", "alert_id": born})
        assert wait_for(lambda: subscriber.json("/occupancy")[-1] == {"state": "OFF", "count": 0})
        again, publisher = opened(tmp_path / "alerts.db", broker.url, clear_s=0.001)
        publisher.publish(result())
        time.sleep(0.01)
        for alert in again.tend():
            publisher.alert(alert)
        assert wait_for(lambda: subscriber.json("/fall")[-1]["state"] == "OFF")
        assert wait_for(lambda: subscriber.json("/alert")[-1]["event_type"] == "cleared")
        closed(again, publisher)


def test_a_fresh_critical_alert_overtakes_a_long_backlog(make_broker, tmp_path):
    broker: Mosquitto = make_broker()
    desk, publisher = opened(tmp_path / "alerts.db", f"mqtt://127.0.0.1:{free_port()}")
    for _ in range(300):
        desk.take("hall", fall("suspected", uuid7()))
    publisher._closed = True
    publisher._link._keeper.stop()
    desk.store.close()
    broker.start()
    with Subscriber(broker.port) as subscriber:
        desk, publisher = opened(tmp_path / "alerts.db", broker.url)
        fresh = desk.take("hall", fall("confirmed", uuid7()))
        publisher.alert(fresh)
        assert wait_for(lambda: len(subscriber.json("/alert")) == 301)
        assert [alert["seq"] for alert in subscriber.json("/alert")].index(fresh.seq) < 25
        closed(desk, publisher)


def test_what_nobody_heard_is_offered_again_when_an_operator_says_so(broker, tmp_path):
    desk, publisher = opened(tmp_path / "alerts.db", broker.url)
    assert wait_for(lambda: publisher.connected)
    publisher.alert(desk.take("hall", fall("confirmed", uuid7())))
    assert wait_for(lambda: any(one.code == "alert_unheard" for one in publisher.health.message().reasons))
    with Subscriber(broker.port) as subscriber:
        time.sleep(0.5)
        assert subscriber.json("/alert") == []  # it would be in half a minute
        publisher.try_again()
        assert wait_for(lambda: len(subscriber.json("/alert")) == 1)
        assert wait_for(lambda: desk.store.depth() == 0)
    closed(desk, publisher)
