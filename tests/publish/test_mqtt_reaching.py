"""Ways to a broker that does not answer as it should: it hangs up, says nothing, speaks something else, is replaced."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from fake_broker import FakeBroker
from publish_scene import fall, free_port, person, result, wait_for
from subscriber import Subscriber

from edgepose.errors import ConfigError, PublishError
from edgepose.publish.mqtt import identity
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.mqtt.session import Session
from edgepose.publish.options import MqttOptions


def opened(url: str, **options) -> MqttPublisher:
    publisher = MqttPublisher(MqttOptions(url=url, device="jetson", **options))
    publisher.open({})
    return publisher


@pytest.fixture
def make_fake():
    brokers: list[FakeBroker] = []

    def make(**answers) -> FakeBroker:
        brokers.append(FakeBroker(**answers))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.close()


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder with ca.pem, and broker.pem and device.pem with their keys, signed by it."""

    def run(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=tmp_path)

    try:
        run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    except FileNotFoundError:
        pytest.skip("needs openssl, which is not installed (apt-get install openssl)")
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1")
    for name in ("broker", "device"):
        key, request = f"{name}.key", f"{name}.csr"
        run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"]
        run("x509", "-req", "-in", request, "-out", f"{name}.pem", *signed)
    return tmp_path


def tls_broker(make_broker, folder: Path, more: str = ""):
    files = f"cafile {folder}/ca.pem\ncertfile {folder}/broker.pem\nkeyfile {folder}/broker.key"
    return make_broker(f"allow_anonymous true\n{files}\n{more}").start()


def test_a_broker_that_hangs_up_on_mqtt_5_is_spoken_to_in_3_1_1(make_fake):
    broker = make_fake(connack=lambda level: None if level == 5 else 0)
    publisher = opened(broker.url)
    assert wait_for(lambda: publisher.connected)
    assert broker.levels == [5, 4] and publisher._session.protocol == "3.1.1"
    publisher.close()


def test_version_5_is_asked_for_again_at_each_reconnect(make_fake):
    broker = make_fake(connack=lambda level: 0 if level == 4 or len(broker.levels) > 2 else 132)
    publisher = opened(broker.url)
    assert wait_for(lambda: publisher.connected) and broker.levels == [5, 4]
    broker.hang_up()
    assert wait_for(lambda: publisher._session.n_connects == 2)
    assert broker.levels[2] == 5
    assert wait_for(lambda: not publisher.health.message().reasons)
    publisher.close()


def test_falling_back_in_mid_run_sends_again_what_was_under_way(make_fake):
    broker = make_fake(
        connack=lambda level: 0 if level == 4 or len(broker.levels) == 1 else 132,
        puback=lambda topic, payload: None if len(broker.levels) == 1 else 0,
    )
    publisher = opened(broker.url)
    assert wait_for(lambda: publisher.connected)
    publisher.publish(result(person(), events=(fall("suspected"),)))
    assert wait_for(lambda: "alert" in broker.topics() and "fall" in broker.topics())
    broker.hang_up()
    assert wait_for(lambda: len(broker.levels) == 3 and not publisher._link._busy())
    assert {"status", "info", "fall", "occupancy", "alert"} <= set(broker.topics(3))
    assert not publisher._desk.store.depth()
    publisher.close()


@pytest.mark.parametrize("protocol", ["auto", "5"])
def test_a_broker_that_hangs_up_on_everything_is_one_sentence(make_fake, caplog, protocol):
    broker = make_fake(connack=lambda level: None)
    publisher = opened(broker.url, protocol=protocol)
    assert wait_for(lambda: len(broker.levels) >= 3, 15)
    with pytest.raises(PublishError, match="closes the connection before it answers; does it want TLS"):
        publisher.close()
    assert caplog.text.count("closes the connection") == 1
    assert set(broker.levels) == ({5, 4} if protocol == "auto" else {5})


def test_a_broker_that_says_nothing_is_one_sentence(monkeypatch, make_fake, caplog):
    monkeypatch.setattr("edgepose.publish.mqtt.session.ANSWER_S", 0.3)
    broker = make_fake(connack=lambda level: -1)
    publisher = opened(broker.url)
    assert wait_for(lambda: len(broker.levels) >= 2)
    assert set(broker.levels) == {5, 4}
    with pytest.raises(PublishError, match="takes the connection and then says nothing"):
        publisher.close()
    assert caplog.text.count("says nothing") == 1


def test_what_is_no_broker_is_one_sentence(caplog):
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            time.sleep(0.3)
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    publisher = opened(f"mqtt://127.0.0.1:{server.getsockname()[1]}")
    assert wait_for(lambda: publisher._session.problem)
    assert publisher._session.problem.startswith(("answers something else than MQTT", "closes the connection"))
    with pytest.raises(PublishError):
        publisher.close()
    server.close()


def test_plain_and_tls_taken_for_one_another_are_said(make_broker, certificates):
    broker, plain = tls_broker(make_broker, certificates), make_broker().start()
    for url, words in (
        (broker.url, r"does it want TLS on this port \(mqtts://\)"),
        (f"mqtts://127.0.0.1:{plain.port}", r"does it speak TLS on this port \(mqtt:// is without\)"),
    ):
        publisher = opened(url, ca_file=str(certificates / "ca.pem"))
        assert wait_for(lambda one=publisher: one._session.problem)
        with pytest.raises(PublishError, match=words):
            publisher.close()


def test_a_broker_that_wants_a_certificate_gets_it(make_broker, certificates):
    broker = tls_broker(make_broker, certificates, "require_certificate true")
    url, trust = f"mqtts://127.0.0.1:{broker.port}", {"ca_file": str(certificates / "ca.pem")}
    shown = {"cert_file": str(certificates / "device.pem"), "key_file": str(certificates / "device.key")}
    publisher = opened(url, **trust, **shown)
    assert wait_for(lambda: publisher.connected)
    publisher.close()
    without = opened(url, **trust)
    assert wait_for(lambda: without._session.problem)
    with pytest.raises(PublishError, match="does it want a certificate"):
        without.close()


@pytest.mark.parametrize(
    "files", [{"cert_file": "none.pem"}, {"cert_file": "ca.pem", "key_file": "broker.key"}, {"key_file": "ca.key"}]
)
def test_a_certificate_that_cannot_be_shown_is_one_sentence(certificates, files):
    named = {key: str(certificates / name) for key, name in files.items()}
    with pytest.raises(ConfigError, match="cert_file"):
        MqttPublisher(MqttOptions(url="mqtts://127.0.0.1:1", ca_file=str(certificates / "ca.pem"), **named))


def test_a_host_name_that_cannot_be_one_ends_no_thread(caplog):
    publisher = opened("mqtt://broker..lan")
    assert wait_for(lambda: "cannot be reached" in caplog.text)
    assert "check the host name" in caplog.text and publisher._link._keeper.alive
    with pytest.raises(PublishError):
        publisher.close()


def test_the_next_broker_is_taken_where_one_does_not_answer(monkeypatch, broker, make_fake):
    monkeypatch.setattr("edgepose.publish.mqtt.session.ANSWER_S", 0.3)
    silent = make_fake(connack=lambda level: -1)
    with Subscriber(broker.port) as subscriber:
        publisher = opened(f"mqtt://127.0.0.1:{free_port()}", fallbacks=(silent.url, broker.url))
        assert wait_for(lambda: subscriber.raw("/status"))
        assert silent.levels == [5]
        publisher.close()


def test_the_next_broker_is_taken_where_one_acknowledges_nothing_any_more(monkeypatch, broker, make_fake):
    monkeypatch.setattr("edgepose.publish.mqtt.session.ANSWER_S", 0.3)
    frozen = make_fake(puback=lambda topic, payload: None if topic.endswith(("alert", "fall")) else 0)
    with Subscriber(broker.port) as subscriber:
        publisher = opened(frozen.url, fallbacks=(broker.url,))
        assert wait_for(lambda: "status" in frozen.topics())
        time.sleep(0.5)
        assert wait_for(lambda: publisher.connected and not subscriber.messages)
        publisher.publish(result(events=(fall("confirmed"),)))
        assert wait_for(lambda: subscriber.json("/alert"))
        publisher.close()


def test_a_broker_that_acknowledges_nothing_is_left_though_skeletons_still_go_out(monkeypatch, make_fake):
    monkeypatch.setattr("edgepose.publish.mqtt.session._PATIENT_ANSWER_S", 0.5)
    broker = make_fake(puback=lambda topic, payload: None if len(broker.levels) == 1 and "alert" in topic else 0)
    publisher = opened(broker.url)
    assert wait_for(lambda: publisher.connected and not publisher._link._busy())
    publisher.publish(result(events=(fall("confirmed"),)))

    def skeletons_flow_until_it_is_back() -> bool:
        publisher.publish(result(person()))
        return not publisher._desk.store.depth()

    assert wait_for(skeletons_flow_until_it_is_back)
    assert len(broker.levels) == 2 and broker.topics().count("alert") == 2
    publisher.close()


def test_small_packets_wait_for_no_acknowledgement_of_those_before(make_fake):
    publisher = opened(make_fake().url)
    assert wait_for(lambda: publisher.connected)
    connected = publisher._session._connection.client.socket()
    assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    publisher.close()


def test_the_same_device_has_the_same_client_id_each_time(make_fake):
    broker = make_fake()
    for _ in range(2):
        publisher = opened(broker.url)
        assert wait_for(lambda one=publisher: one.connected)
        publisher.close()
    other = opened(broker.url, client_id="thing-7")
    assert wait_for(lambda: other.connected)
    other.close()
    assert broker.client_ids[0] == broker.client_ids[1] == f"edgepose-jetson-{identity.hardware_hash()}"
    assert broker.client_ids[2] == "thing-7"


def test_the_hardware_is_known_by_its_serial_and_never_shown(tmp_path):
    serial, machine = tmp_path / "serial", tmp_path / "machine-id"
    serial.write_bytes(b"1421019000001\0")
    machine.write_text("0123456789abcdef\n")
    first = identity.hardware_hash((str(serial), str(machine)))
    assert len(first) == 8 and "1421019" not in first
    assert first == identity.hardware_hash((str(serial),))
    assert first != identity.hardware_hash((str(tmp_path / "none"), str(machine)))
    serial.write_bytes(b"0000000000000\0")  # what a board without one says
    assert identity.hardware_hash((str(serial), str(machine), "")) == identity.hardware_hash((str(machine),))


def test_two_devices_of_one_client_id_do_not_throw_each_other_out_for_ever(broker):
    with Subscriber(broker.port) as subscriber:
        one, two = opened(broker.url), opened(broker.url)
        assert wait_for(lambda: one._session.taken_over or two._session.taken_over, 20)
        time.sleep(3.0)  # until the last one that was thrown out is back
        assert wait_for(lambda: one.connected and two.connected)
        connects = one._session.n_connects + two._session.n_connects
        time.sleep(2.0)
        assert one.connected and two.connected and one._session.n_connects + two._session.n_connects == connects
        assert wait_for(lambda: "client_id_taken" in str(subscriber.json("/health")))
        assert wait_for(lambda: subscriber.raw("jetson/status")[-1] == b"online")
        one.close()
        two.close()


def test_a_client_id_that_the_broker_says_is_taken_over_is_left_at_once(make_fake):
    broker = make_fake()
    publisher = opened(broker.url)
    assert wait_for(lambda: publisher.connected and not publisher._link._busy())
    broker.hang_up(b"\xe0\x01\x8e")
    assert wait_for(lambda: len(broker.client_ids) == 2 and publisher.connected)
    own, other = broker.client_ids
    assert other.startswith(f"{own}-")
    assert wait_for(lambda: "client_id_taken" in str(publisher.health.message()))
    publisher.close()


def test_an_acl_that_is_repaired_heals_states_and_health(make_broker, tmp_path, monkeypatch):
    monkeypatch.setattr("edgepose.publish.mqtt.state_lane.STATE_RETRY_S", 0.5)
    rules = tmp_path / "acl"
    rules.write_text("topic read #\ntopic write edgepose/v1/+/health\n")
    rules.chmod(0o644)
    broker = make_broker(f"allow_anonymous true\nacl_file {rules}").start()
    with Subscriber(broker.port) as subscriber:
        publisher = opened(broker.url)
        assert wait_for(lambda: "state_denied" in str(subscriber.json("/health")))
        assert wait_for(lambda: "not authorized" in str(subscriber.json("/health")))
        rules.write_text("topic readwrite #\n")
        os.kill(broker.process.pid, signal.SIGHUP)
        assert wait_for(lambda: subscriber.raw("/status") and subscriber.raw("/info"))
        assert wait_for(lambda: subscriber.json("/health")[-1]["level"] == "ok")
        assert publisher._session.n_connects == 1
        publisher.close()


def test_pauses_grow_and_differ():
    session = Session(MqttOptions(url="mqtt://127.0.0.1:1"), "x")
    pauses = []
    for n_failed in (0, 1, 3, 20):
        session._n_failed = n_failed
        pauses.append([session._pause_s() for _ in range(200)])
    assert max(pauses[0]) <= 1 and max(pauses[1]) <= 2 and 4 < max(pauses[2]) <= 8 and 20 < max(pauses[3]) <= 30
    assert all(max(one) > 2 * min(one) for one in pauses)
    session.close()


def test_a_goodbye_is_said_only_after_stopped_was_taken(make_fake):
    broker = make_fake(puback=lambda topic, payload: None if payload == b"stopped" else 0)
    publisher = opened(broker.url, close_timeout_s=0.3)
    assert wait_for(lambda: publisher.connected and not publisher._link._busy())
    publisher.close()
    polite = opened(other.url) if (other := make_fake()) else None
    assert wait_for(lambda: polite.connected and not polite._link._busy())
    polite.close()
    assert wait_for(lambda: other.farewells == 1)
    assert broker.farewells == 0


def test_an_error_in_the_links_thread_leaves_the_last_will_to_speak(broker, monkeypatch):
    with Subscriber(broker.port) as subscriber:
        publisher = opened(broker.url)
        assert wait_for(lambda: subscriber.raw("/status"))
        before = publisher.progress["mqtt"]
        assert wait_for(lambda: publisher.progress["mqtt"] > before)
        monkeypatch.setattr(publisher._session, "tend", lambda: 1 / 0)
        assert wait_for(lambda: publisher._link._keeper.error)
        stands = publisher.progress
        time.sleep(0.4)
        assert publisher.progress == stands and "mqtt" in stands  # so that the watchdog sees it
        publisher.close()
        assert wait_for(lambda: subscriber.raw("/status")[-1] == b"offline")
        assert b"stopped" not in subscriber.raw("/status")


def test_an_end_by_error_lets_the_last_messages_out_and_the_last_will_speak(broker):
    with Subscriber(broker.port) as subscriber:
        publisher = opened(broker.url)
        assert wait_for(lambda: publisher.connected)
        publisher.publish(result(person(), events=(fall("confirmed"),)))
        publisher.fail()
        publisher.close()
        assert wait_for(lambda: subscriber.raw("jetson/status")[-1:] == [b"offline"])
        assert b"stopped" not in subscriber.raw("jetson/status")
        assert wait_for(lambda: subscriber.json("/alert") and subscriber.json("/occupancy")[-1]["state"] == "OFF")
