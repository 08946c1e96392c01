"""MQTT when things go wrong: broker down, restarted, refusing, denying, old; nobody listening; a killed publisher."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from publish_scene import fall, free_port, person, result, wait_for
from subscriber import Subscriber

from edgepose.errors import PublishError
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions


def connected(broker, **options) -> MqttPublisher:
    publisher = MqttPublisher(MqttOptions(url=broker.url, device="jetson", **options))
    publisher.open({})
    assert wait_for(lambda: publisher.connected)
    return publisher


def test_a_broker_that_was_never_there_is_said_once_and_at_the_end(caplog):
    port = free_port()
    publisher = MqttPublisher(MqttOptions(url=f"mqtt://anna:s3cret@127.0.0.1:{port}"))
    publisher.open({})
    for _ in range(200):
        publisher.publish(result(person()))
    assert wait_for(lambda: "cannot be reached" in caplog.text)
    time.sleep(1.5)  # long enough for a second attempt
    started = time.monotonic()
    with pytest.raises(PublishError, match=r"nothing was published: broker mqtt://127.0.0.1:.* cannot be reached"):
        publisher.close()
    assert time.monotonic() - started < 6
    assert caplog.text.count("cannot be reached") == 1 and "s3cret" not in caplog.text
    assert publisher.dropped == 200 - 64


def test_a_broker_that_comes_later_gets_everything_that_still_counts(make_broker):
    broker = make_broker()
    publisher = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
    publisher.open({})
    publisher.publish(result(person(), events=(fall("confirmed"),)))
    time.sleep(0.3)
    broker.start()
    with Subscriber(broker.port) as subscriber:
        assert wait_for(lambda: subscriber.json("/alert") and subscriber.raw("status"))
        assert wait_for(lambda: [one["state"] for one in subscriber.json("/fall")][-1:] == ["ON"])
    publisher.close()


def test_a_restarted_broker_learns_all_states_again(broker, monkeypatch):
    monkeypatch.setattr("edgepose.publish.mqtt.alert_lane.RETRY_S", 0.2)
    publisher = connected(broker)
    publisher.publish(result(person(), events=(fall("confirmed"),)))
    assert wait_for(lambda: not publisher._link._busy())
    broker.stop()
    assert wait_for(lambda: not publisher.connected)
    publisher.publish(result(events=(fall("recovered"),)))
    broker.start()
    with Subscriber(broker.port) as subscriber:
        assert wait_for(lambda: subscriber.raw("status") == [b"online"])
        assert wait_for(lambda: {a["event_type"] for a in subscriber.json("/alert")} == {"fall_confirmed", "recovered"})
        assert wait_for(lambda: subscriber.json("/fall")[-1]["state"] == "OFF")
    publisher.close()


def test_bad_credentials_are_one_sentence_and_the_run_goes_on(make_broker, tmp_path, caplog):
    (tmp_path / "users").write_text("")
    broker = make_broker(f"allow_anonymous false\npassword_file {tmp_path / 'users'}").start()
    publisher = MqttPublisher(MqttOptions(url=f"mqtt://anna:s3cret@127.0.0.1:{broker.port}"))
    publisher.open({})
    assert wait_for(lambda: "refuses this device" in caplog.text)
    publisher.publish(result(person()))
    with pytest.raises(PublishError, match="refuses this device"):
        publisher.close()
    assert caplog.text.count("refuses this device") == 1 and "s3cret" not in caplog.text


def test_a_run_that_ends_before_the_broker_answered_still_says_everything(broker):
    with Subscriber(broker.port) as subscriber:
        publisher = MqttPublisher(MqttOptions(url=broker.url, device="jetson"))
        publisher.open({})
        publisher.publish(result(person()))
        publisher.close()
        assert wait_for(lambda: subscriber.raw("status")[-1:] == [b"stopped"])
        assert wait_for(lambda: subscriber.json("skeleton"))


def test_tls_needs_a_certificate_that_is_trusted(make_broker, tmp_path, caplog):
    certificate, key = tmp_path / "broker.pem", tmp_path / "broker.key"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(
            [*made, "-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("needs openssl, which is not installed (apt-get install openssl)")
    broker = make_broker(f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}").start()
    url = f"mqtts://127.0.0.1:{broker.port}"
    trusting = MqttPublisher(MqttOptions(url=url, ca_file=str(certificate)))
    trusting.open({})
    assert wait_for(lambda: trusting.connected)
    trusting.close()
    wary = MqttPublisher(MqttOptions(url=url))
    wary.open({})
    assert wait_for(lambda: "check mqtt.ca_file" in caplog.text)
    with pytest.raises(PublishError, match="certificate verify failed"):
        wary.close()


def test_a_denied_alert_stays_pending_and_is_told_in_health(make_broker, tmp_path):
    rules = tmp_path / "acl"
    rules.write_text("topic read #\ntopic write edgepose/v1/+/+\ntopic write edgepose/v1/+/cam/+/fall\n")
    rules.chmod(0o644)
    broker = make_broker(f"allow_anonymous true\nacl_file {rules}").start()
    publisher = connected(broker)
    with Subscriber(broker.port) as subscriber:
        publisher.publish(result(events=(fall("confirmed"),)))
        assert wait_for(lambda: "alert_denied" in [r["code"] for r in publisher_health(subscriber)])
    assert publisher._desk.store.depth() == 1
    publisher.close()


def publisher_health(subscriber) -> list[dict]:
    messages = subscriber.json("health")
    return messages[-1]["reasons"] if messages else []


def test_an_alert_that_nobody_heard_stays_pending_until_somebody_listens(broker, monkeypatch):
    monkeypatch.setattr("edgepose.publish.mqtt.alert_lane.RETRY_S", 0.2)
    publisher = connected(broker)
    publisher.publish(result(events=(fall("confirmed"),)))
    assert wait_for(lambda: publisher.health.message().level == "degraded")
    assert wait_for(lambda: publisher.health.message().reasons[0].code == "alert_unheard")
    assert publisher._desk.store.depth() == 1
    with Subscriber(broker.port) as subscriber:
        assert wait_for(lambda: subscriber.json("/alert"))
        assert wait_for(lambda: subscriber.json("/alert")[0]["delivery"]["replayed"])
        assert wait_for(lambda: not publisher._desk.store.depth())
        assert publisher.health.message().level == "ok"
    publisher.close()


def test_a_half_open_connection_keeps_a_bounded_backlog(broker):
    publisher = connected(broker, max_waiting=10)
    os.kill(broker.process.pid, signal.SIGSTOP)  # the peer's window fills: as when a cable is pulled
    try:
        for seq in range(3000):
            publisher.publish(result(*[person(i) for i in range(1, 11)], seq=seq))
        assert publisher.dropped > 1000 and publisher._link._outbox.n_waiting <= 10
    finally:
        os.kill(broker.process.pid, signal.SIGCONT)
        publisher.close()


def test_a_killed_publisher_is_offline_by_its_last_will(broker):
    program = (
        "import time\nfrom edgepose.publish.mqtt.publisher import MqttPublisher\n"
        "from edgepose.publish.options import MqttOptions\n"
        f"publisher = MqttPublisher(MqttOptions(url={broker.url!r}, device='jetson'))\npublisher.open({{}})\n"
        "time.sleep(60)\n"
    )
    with Subscriber(broker.port) as subscriber:
        process = subprocess.Popen([sys.executable, "-c", program])
        assert wait_for(lambda: subscriber.raw("status") == [b"online"], 20)
        process.kill()
        process.wait()
        assert wait_for(lambda: subscriber.raw("status") == [b"online", b"offline"])


@pytest.fixture
def old_broker():
    """A broker that speaks only MQTT 3.1.1: refuses level 5 with code 1, answers QoS 1. Gives its port and topics."""
    server = socket.create_server(("127.0.0.1", 0))
    topics: list[bytes] = []

    def read(connection: socket.socket, n: int) -> bytes:
        data = b""
        while len(data) < n:
            part = connection.recv(n - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data

    def packet(connection: socket.socket) -> tuple[int, bytes]:
        kind, length, shift = read(connection, 1)[0], 0, 0
        while True:
            byte = read(connection, 1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return kind, read(connection, length)

    def serve(connection: socket.socket) -> None:
        with connection:
            _, connect = packet(connection)
            if connect[6] != 4:
                connection.sendall(b"\x20\x02\x00\x01")
                return
            connection.sendall(b"\x20\x02\x00\x00")
            while True:
                kind, body = packet(connection)
                if kind >> 4 == 3:
                    length = int.from_bytes(body[:2], "big")
                    topics.append(body[2 : 2 + length])
                    if kind & 6:
                        connection.sendall(b"\x40\x02" + body[2 + length : 4 + length])

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
                serve(connection)
            except ConnectionError:
                continue
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    yield server.getsockname()[1], topics
    server.close()


def test_an_old_broker_is_spoken_to_in_3_1_1_and_that_is_said(old_broker, caplog):
    caplog.set_level(logging.WARNING)
    port, topics = old_broker
    publisher = MqttPublisher(MqttOptions(url=f"mqtt://127.0.0.1:{port}", device="jetson"))
    publisher.open({})
    assert wait_for(lambda: b"edgepose/v1/jetson/status" in topics)
    assert "speaks only MQTT 3.1.1" in caplog.text
    assert wait_for(lambda: "mqtt_3_1_1" in [reason.code for reason in publisher.health.message().reasons])
    publisher.publish(result(person(), events=(fall("confirmed"),)))
    assert wait_for(lambda: b"edgepose/v1/jetson/cam/hall/alert" in topics)
    publisher.close()


def test_an_error_in_the_links_thread_reaches_the_publisher(broker, monkeypatch):
    publisher = connected(broker)
    monkeypatch.setattr(publisher._session, "tend", lambda: 1 / 0)
    assert wait_for(lambda: publisher._link._keeper.error)
    with pytest.raises(ZeroDivisionError):
        publisher.publish(result(person()))
    publisher.close()
