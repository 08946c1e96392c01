"""Names, addresses and answers that somebody hostile, or another program, may send."""

from __future__ import annotations

import logging
import random
import re
from functools import partial
from pathlib import Path

from edgepose.alerts.acknowledgement import read_acknowledgement
from edgepose.errors import EdgePoseError
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.mqtt.topics import Topics, parse_url
from edgepose.publish.options import MqttOptions
from edgepose.sources.uri import camera_name, redact
from research.faults.outcome import Counts
from research.faults.rows import Found, row

SECRET = "hunter2SECRET"
LEVEL = re.compile(r"[A-Za-z0-9_-]{1,80}")

PIECES = [
    "../", "/", "+", "#", "$SYS", "\0", "\n", "\r\n", ";rm -rf /", "$(id)", "`id`", "${jndi:ldap://x}", "%s%n", "{0.x}",
    "'; DROP TABLE alerts;--", "\u202e", "\ud800", "\U0001f600", "é", "日本", " ", ".", "..", "-", "A" * 300, "",
    "null", "NaN", "1e999", "true", "[" * 50, "{" * 50, '"', "\\", "\\u0000", "rtsp://", "mqtt://", "@", ":", ":0",
    ":99999",
    "[::1]", "[fe80::1%eth0]", "?", "&password=", "user", "host.lan", "127.0.0.1", "hall",
]  # fmt: skip

ACKS = [
    '{"alert_id": ', '"seen"', '"helped"', '"false_alarm"', '"action": ', '"by": ', "{", "}", ", ", "[", "]", ":",
    '"alert_id"', "1", "-0", "1e400", "\ufeff", '"\\ud800"',
]  # fmt: skip


@row(cycles=100_000, needs="")
def hostile_words(folder: Path, cycles: int) -> Found:
    """Random names of devices and cameras, addresses of brokers and cameras, and payloads on every inbound topic.

    A name becomes one level of a topic, an address is taken or refused in one sentence without its password, a payload
    does nothing, or what it may do; nothing raises anything else, and no log holds the password.
    """
    rng, wrong = random.Random(16), []
    heard = _Heard()
    logging.getLogger("edgepose").addHandler(heard)
    publisher = MqttPublisher(MqttOptions(url="mqtt://127.0.0.1:9", device="jetson"))  # never opened
    topics, inbox = publisher.topics, publisher._inbox
    inbox.cameras = {"hall"}
    inbound = [one.replace("+", "hall") for one in inbox.subscriptions] + [topics.of("ack")] * 4
    for k in range(cycles):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 7)))
        try:
            if not (LEVEL.fullmatch(Topics(text).device) and LEVEL.fullmatch(topics.camera(text))):
                wrong.append(f"topic of {text!r}")
            for address in (f"mqtt://user:{SECRET}@{text}", f"rtsp://user:{SECRET}@{text}", text):
                _address(address, wrong)
            payload = _payload(rng, text)
            read_acknowledgement(payload)
            inbox.take(rng.choice(inbound), payload, rng.random() < 0.3)
        except Exception as error:
            wrong.append(f"case {k} {text!r}: {error!r}")
    logging.getLogger("edgepose").removeHandler(heard)
    n_secrets = sum(SECRET in line for line in heard.lines)
    figures = {"cases": cycles, "secrets_in_logs": n_secrets, "went_wrong": wrong[:5]}
    return Found(Counts(), passed=not wrong and not n_secrets, figures=figures)


def _address(address: str, wrong: list[str]) -> None:
    said = [redact(address)]
    for read in (parse_url, partial(camera_name, "")):
        try:
            said.append(str(read(address)))
        except EdgePoseError as error:
            said.append(str(error))
    if address.startswith(("mqtt://", "rtsp://")) and any(SECRET in one for one in said):
        wrong.append(f"the password of {address!r} is in {said}")


def _payload(rng: random.Random, text: str) -> bytes:
    kind = rng.randrange(4)
    if kind == 0:
        return rng.randbytes(rng.randrange(0, 200))
    if kind == 1:
        return text.encode("utf-8", "surrogatepass")
    words = "".join(rng.choice([*ACKS, text]) for _ in range(rng.randrange(1, 12)))
    if kind == 2:
        return words.encode("utf-8", "surrogatepass")
    whole = bytearray(b'{"alert_id": "0192aaaa-0000-7000-8000-000000000000", "action": "helped", "by": "anna"}')
    for _ in range(rng.randrange(0, 4)):
        whole[rng.randrange(len(whole))] = rng.randrange(256)
    return bytes(whole)


class _Heard(logging.Handler):
    """Keeps what was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
