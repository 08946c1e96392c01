"""The second way: a critical incident is posted when MQTT brought nobody, through whatever the other end does."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from publish_scene import free_port, wait_for

from edgepose.alerts.acknowledgement import Acknowledgement
from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.store import MemoryAlertStore
from edgepose.clock import uuid7
from edgepose.errors import ConfigError, PublishError
from edgepose.pipeline.checking import check
from edgepose.publish import webhook
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions, WebhookOptions
from edgepose.publish.posting import address_of, headers_of, post
from edgepose.publish.webhook import WebhookPublisher
from edgepose.types import Event


class Phone:
    """A push service on this machine: keeps what is posted, and answers what `answers` says, the last for ever."""

    def __init__(self, *answers: int | Callable[[BaseHTTPRequestHandler], None], tls: Path | None = None) -> None:
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self._answers = list(answers) or [200]
        phone = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                phone.posts.append((self.path, dict(self.headers), body))
                answer = phone._answers.pop(0) if len(phone._answers) > 1 else phone._answers[0]
                if callable(answer):
                    answer(self)
                    return
                self.send_response(answer)
                self.send_header("Location", f"http://127.0.0.1:{phone.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls, tls.with_suffix(".key"))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/secret-topic"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Phone:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(webhook, "_TICK_S", 0.02)


@pytest.fixture
def desk() -> AlertDesk:
    return AlertDesk("jetson", MemoryAlertStore(), rooms={"hall": "living", "door": "living"})


@pytest.fixture
def second_way(desk: AlertDesk):
    opened: list[WebhookPublisher] = []

    def make(phone: Phone, only: bool = False, **options: object) -> WebhookPublisher:
        one = WebhookPublisher(WebhookOptions(url=phone.url, **{"after_s": 0.2, "retry_s": 0.05, **options}))
        one.is_only_way = only
        one.use_desk(desk)
        one.open({})
        opened.append(one)
        return one

    yield make
    for one in opened:
        one.close()


def fall(desk: AlertDesk, stage: str = "confirmed", camera: str = "hall", episode: str | None = None, **evidence):
    now = time.monotonic()
    return desk.take(camera, Event("fall", stage, now, started_t=now, episode=episode or uuid7(), evidence=evidence))


def test_what_nobody_takes_is_posted_once_and_stays_owed(desk, second_way):
    with Phone() as phone:
        second_way(phone)
        alert = fall(desk)
        time.sleep(0.1)
        assert phone.posts == []
        assert wait_for(lambda: phone.posts)
        path, headers, body = phone.posts[0]
        assert path == "/secret-topic" and headers["Priority"] == "urgent"
        assert body.decode().startswith("somebody has fallen, camera hall of jetson")
        assert "nobody has taken the alert" in body.decode()
        assert wait_for(lambda: "second_way" in desk.incident(alert.id).seconds)
        time.sleep(0.2)
        assert len(phone.posts) == 1 and desk.store.depth() == 1


NOT_POSTED = {
    "taken": lambda desk, alert: desk.handed_over(alert),
    "seen": lambda desk, alert: desk.acknowledge(Acknowledgement(alert.id, "seen", "anna")),
    "helped": lambda desk, alert: desk.acknowledge(Acknowledgement(alert.id, "helped", "anna")),
    "cleared by hand": lambda desk, alert: desk.clear(alert.id, "anna"),
}


@pytest.mark.parametrize("what", NOT_POSTED.values(), ids=NOT_POSTED.keys())
def test_what_somebody_took_or_answered_in_time_is_not_posted(desk, second_way, what):
    with Phone() as phone:
        second_way(phone)
        what(desk, fall(desk))
        time.sleep(0.5)
        assert phone.posts == []


def test_what_is_not_critical_is_not_posted(desk, second_way):
    with Phone() as phone:
        second_way(phone)
        fall(desk, "suspected")
        time.sleep(0.4)
        assert phone.posts == []


def test_what_was_taken_and_not_answered_is_posted_after_a_while(desk, second_way):
    with Phone() as phone:
        second_way(phone, after_min=0.01)
        desk.handed_over(fall(desk))
        assert wait_for(lambda: phone.posts)
        assert "nobody has answered" in phone.posts[0][2].decode()


def test_who_got_up_before_anybody_heard_of_it_is_posted_with_how_it_went(desk, second_way):
    with Phone() as phone:
        second_way(phone)
        born = uuid7()
        fall(desk, episode=born)
        fall(desk, "recovered", episode=born)
        assert wait_for(lambda: phone.posts)
        assert "it is recovered now" in phone.posts[0][2].decode()


def test_one_fall_of_two_cameras_is_posted_once(desk, second_way):
    with Phone() as phone:
        second_way(phone)
        both = [fall(desk, camera=camera).id for camera in ("hall", "door")]
        assert wait_for(lambda: all("second_way" in desk.incident(one).seconds for one in both))
        assert len(phone.posts) == 1


def test_a_drill_is_posted_at_once_and_says_so(desk, second_way):
    with Phone() as phone:
        second_way(phone, after_s=100)
        fall(desk, drill=True)
        assert wait_for(lambda: phone.posts)
        assert phone.posts[0][2].decode().startswith("DRILL: ") and phone.posts[0][1]["Priority"] == "default"


def test_as_json_it_is_the_incident_without_skeletons(desk, second_way):
    with Phone() as phone:
        second_way(phone, format="json")
        alert = fall(desk)
        assert wait_for(lambda: phone.posts)
        said = json.loads(phone.posts[0][2])
        assert (said["schema"], said["device"], said["incident"]["id"]) == ("edgepose.call/1", "jetson", alert.id)
        assert "pose" not in said["incident"]


def test_where_it_is_the_only_way_alerts_are_posted_at_once_and_leave_the_store(desk, second_way):
    with Phone() as phone:
        second_way(phone, only=True, after_s=100)
        fall(desk, "suspected")
        alert = fall(desk)
        assert wait_for(lambda: desk.store.depth() == 0)
        assert wait_for(lambda: len(phone.posts) == 1 and "handed_over" in desk.incident(alert.id).seconds)


def hang(_: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def drip(handler: BaseHTTPRequestHandler) -> None:
    for letter in b"HTTP/1.1 200 " + b"x" * 100:
        handler.wfile.write(bytes([letter]))
        time.sleep(0.1)


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\xff" * 50_000 + b"\n")


def gone(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


TROUBLES = {
    "fails": (500, "refuses alerts (500)"),
    "wants a password": (401, "check webhook.url and its headers"),
    "leads elsewhere": (302, "leads elsewhere"),
    "leads elsewhere for good": (308, "leads elsewhere"),
    "hangs": (hang, "no answer in time"),
    "drips": (drip, "no answer in time"),
    "speaks something else": (garbage, "does not take alerts"),
    "hangs up": (gone, "does not take alerts"),
}


@pytest.mark.parametrize("answer, words", TROUBLES.values(), ids=TROUBLES.keys())
def test_through_trouble_it_is_said_once_without_the_secret_and_tried_until_it_is_well(
    desk, second_way, answer, words, caplog
):
    with Phone(answer, answer, 200) as phone:
        one = second_way(phone, after_s=0, timeout_s=0.3)
        alert = fall(desk)
        assert wait_for(lambda: one.troubles)
        (trouble,) = one.troubles
        assert trouble.code == "webhook_failed" and words in trouble.hint and "secret" not in trouble.hint
        assert wait_for(lambda: "second_way" in desk.incident(alert.id).seconds)
        assert wait_for(lambda: one.troubles == () and len(phone.posts) == 3)
        assert {path for path, _, _ in phone.posts} == {"/secret-topic"}  # no redirect was followed
        assert caplog.text.count("the second way fails") == 1 and "secret" not in caplog.text


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """ca.pem, and server.pem of this machine, another.pem of another machine, expired.pem, each with its key."""

    def run(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=tmp_path)

    try:
        run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    except FileNotFoundError:
        pytest.skip("needs openssl, which is not installed (apt-get install openssl)")
    for name, place, days in (("server", "127.0.0.1", 2), ("another", "127.0.0.9", 2), ("expired", "127.0.0.1", -1)):
        (tmp_path / "names").write_text(f"subjectAltName=IP:{place}")
        run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", "csr", "-subj", f"/CN={name}")
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", str(days)]
        run("x509", "-req", "-in", "csr", "-out", f"{name}.pem", *signed)
    return tmp_path


UNTRUSTED = {
    "of nobody we know": ("server", "", "unable to get"),
    "of another machine": ("another", "ca.pem", "IP address mismatch"),
    "expired": ("expired", "ca.pem", "certificate has expired"),
}


@pytest.mark.parametrize("shown, trusted, words", UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_nothing_is_posted_to_whom_is_not_trusted(desk, second_way, certificates, shown, trusted, words, caplog):
    with Phone(tls=certificates / f"{shown}.pem") as phone:
        one = second_way(phone, after_s=0, ca_file=str(certificates / trusted) if trusted else "")
        fall(desk)
        assert wait_for(lambda: one.troubles)
        (trouble,) = one.troubles
        assert "its certificate is not trusted" in trouble.hint and words in trouble.hint
        assert "secret" not in trouble.hint + caplog.text
        time.sleep(0.3)
        assert phone.posts == []


def test_who_is_trusted_gets_it_over_tls(desk, second_way, certificates):
    with Phone(tls=certificates / "server.pem") as phone:
        second_way(phone, after_s=0, ca_file=str(certificates / "ca.pem"))
        fall(desk)
        assert wait_for(lambda: phone.posts)


def test_a_run_whose_alert_went_the_second_way_has_not_failed(desk, second_way, caplog):
    broker = MqttPublisher(MqttOptions(url=f"mqtt://127.0.0.1:{free_port()}", close_timeout_s=0.1))
    broker.use_desk(desk)
    broker.open({})
    with Phone() as phone:
        second_way(phone, after_s=0)
        fall(desk)
        assert wait_for(lambda: desk.went_second_way)
    broker.close()
    assert "cannot be reached" in caplog.text and "went the second way" in caplog.text


def test_a_run_without_an_alert_says_that_the_broker_was_never_there(desk, second_way):
    broker = MqttPublisher(MqttOptions(url=f"mqtt://127.0.0.1:{free_port()}", close_timeout_s=0.1))
    broker.use_desk(desk)
    broker.open({})
    with Phone() as phone:
        second_way(phone, after_s=0)
    with pytest.raises(PublishError, match="nothing was published"):
        broker.close()


def test_a_post_ends_in_time_whatever_comes(desk):
    with Phone(drip) as phone:
        began = time.monotonic()
        with pytest.raises(PublishError, match="no answer in time"):
            post(address_of(phone.url), b"x", {}, 0.4, None)
        assert time.monotonic() - began < 5


def test_it_ends_at_once_while_the_other_end_hangs(desk, second_way):
    with Phone(hang) as phone:
        one = second_way(phone, after_s=0)
        fall(desk)
        assert wait_for(lambda: phone.posts)
        began = time.monotonic()
        one.close()
        one.close()
        assert time.monotonic() - began < 2.9


BAD_URLS = {
    "nothing": ("ntfy.sh/topic", "no scheme"),
    "another scheme": ("ftp://ntfy.sh/topic", "the scheme 'ftp'"),
    "in the clear": ("http://ntfy.example/topic", "must be https"),
    "no host": ("https:///topic", "webhook.url"),
    "a password": ("https://me:secret@ntfy.example/topic", "must hold no password"),
    "a bad port": ("https://ntfy.example:99999/topic", "webhook.url"),
    "a blank": ("https://ntfy.example/my topic", "blank"),
    "a line break": ("https://ntfy.example/a\r\nHost: b", "webhook.url"),
    "other letters": ("https://ntfy.example/küche", "ASCII"),
}


@pytest.mark.parametrize("url, words", BAD_URLS.values(), ids=BAD_URLS.keys())
def test_an_address_that_cannot_be_is_a_sentence(url, words):
    with pytest.raises(ConfigError) as refused:
        WebhookPublisher(WebhookOptions(url=url))
    assert words in str(refused.value) and "secret" not in str(refused.value)


def test_headers_come_from_a_private_file(tmp_path, desk, second_way):
    place = tmp_path / "headers"
    place.write_text("# for ntfy\nAuthorization: Bearer abc\npriority: max\n")
    place.chmod(0o600)
    with Phone() as phone:
        second_way(phone, after_s=0, headers_file=str(place))
        fall(desk)
        assert wait_for(lambda: phone.posts)
        sent = {name.lower(): value for name, value in phone.posts[0][1].items()}
        assert (sent["authorization"], sent["priority"]) == ("Bearer abc", "max")
    place.chmod(0o622)
    with pytest.raises(ConfigError, match="others may change it"):
        WebhookPublisher(WebhookOptions(url="https://ntfy.example/t", headers_file=str(place)))
    with pytest.raises(ConfigError, match="cannot be read"):
        WebhookPublisher(WebhookOptions(url="https://ntfy.example/t", headers_file=str(tmp_path / "none")))
    with pytest.raises(ConfigError, match=r"webhook\.ca_file"):
        WebhookPublisher(WebhookOptions(url="https://ntfy.example/t", ca_file=str(tmp_path / "none")))


@pytest.mark.parametrize("text", ["secret", "Na me: secret", "X: sécret", "Host: secret", ": secret", "X: a\x00secret"])
def test_a_line_that_is_no_header_is_a_sentence_without_its_value(text):
    with pytest.raises(ConfigError) as refused:
        headers_of(text)
    assert "secret" not in str(refused.value)


def test_a_configuration_with_a_wrong_address_is_refused_before_the_run(tmp_path):
    from edgepose.config import parse_config

    config = parse_config('[[sources]]\nuri = "synthetic://"\n[webhook]\nurl = "http://ntfy.example/t"\n')
    with pytest.raises(ConfigError, match="must be https"):
        check(config)
