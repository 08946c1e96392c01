"""Alerts without MQTT: the ntfy configuration posts a sentence, and the receiver prints what a program is given."""

from __future__ import annotations

import re
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
from example_kit import EXAMPLES, running
from real_broker import wait_for

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.store import MemoryAlertStore
from edgepose.clock import uuid7
from edgepose.config import load_config
from edgepose.publish.options import WebhookOptions
from edgepose.publish.webhook import WebhookPublisher
from edgepose.types import Event


def fall_reaches(options: WebhookOptions, arrived) -> None:
    """Confirm a fall on a device whose only way out is this one; wait until `arrived()`."""
    desk = AlertDesk("jetson", MemoryAlertStore())
    publisher = WebhookPublisher(options)
    publisher.is_only_way = True
    publisher.use_desk(desk)
    publisher.open({})
    try:
        now = time.monotonic()
        publisher.alert(desk.take("hall", Event("fall", "confirmed", now, started_t=now, episode=uuid7())))
        assert wait_for(arrived)
    finally:
        publisher.close()


def test_a_fall_is_a_sentence_on_the_telephone():
    posts: list[tuple[str, str, str]] = []

    class Ntfy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posts.append((self.path, self.headers["Priority"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    config = load_config(EXAMPLES / "ntfy/edgepose.toml")
    assert config.webhook.url == "https://ntfy.sh/TOPIC" and not config.mqtt.url and config.alerts.spool
    with HTTPServer(("127.0.0.1", 0), Ntfy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/TOPIC"
        fall_reaches(msgspec.structs.replace(config.webhook, url=url), lambda: posts)
        server.shutdown()
    ((path, priority, said),) = posts
    assert (path, priority) == ("/TOPIC", "urgent") and said.startswith("somebody has fallen, camera hall of jetson")


def test_a_program_of_ones_own_is_given_the_incident():
    with running("webhook_receiver.py", 0) as lines:
        (url,) = re.findall(r"http://\S+", lines[0])
        fall_reaches(WebhookOptions(url=url, format="json"), lambda: len(lines) > 2)
    assert "somebody has fallen, camera hall of jetson" in lines[1]
    assert "confirmed" in lines[2]
