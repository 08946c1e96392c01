"""A drill: one marked alert and its end, sent beside a running service, to see that alerts reach somebody.

Only the alert topic is used: `status` and the latched `fall` belong to the service.
"""

from __future__ import annotations

import os
import threading
import time

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert
from edgepose.alerts.store import MemoryAlertStore
from edgepose.encoding import encode
from edgepose.errors import PublishError
from edgepose.publish.mqtt.session import Session, broker_of
from edgepose.publish.mqtt.topics import Topics
from edgepose.publish.options import MqttOptions
from edgepose.types import Event

NOBODY_SUBSCRIBES = 16
"""MQTT v5 reason code of a message that was taken, and reached nobody."""

REFUSED = 128
"""Reason codes from here on are failures."""


def send_drill(options: MqttOptions, camera: str, timeout_s: float = 5.0) -> tuple[Alert, bool]:
    """Send a drill; returns its first alert and whether somebody subscribes (MQTT 3.1.1 cannot tell: True).

    PublishError when the broker cannot be reached or refuses the alert.
    """
    broker, topics = broker_of(options), Topics(options.device_name)
    desk = AlertDesk(topics.device, MemoryAlertStore())
    now = time.monotonic()
    evidence = {"drill": True, "cause": "edgepose alert test"}
    alerts = [desk.take(camera, Event("fall", stage, now, evidence=evidence)) for stage in ("confirmed", "cleared")]
    session = Session(broker, options, f"edgepose-drill-{os.urandom(3).hex()}", (topics.of("drill"), b""))
    woken = threading.Event()
    session.on_activity = woken.set
    deadline = now + timeout_s
    session.start()
    try:
        while not session.connected:
            _wait(woken, deadline, f"broker {broker} {session.problem or 'did not answer in time'}")
            session.tend()
        reasons: dict[int, int] = {}
        topic = topics.of_camera(camera, "alert")
        sent = [session.publish(topic, encode(alert), qos=1) for alert in alerts]
        while len(reasons) < len(sent):
            reasons.update(session.answers())
            if len(reasons) < len(sent):
                _wait(woken, deadline, f"broker {broker} did not acknowledge the drill")
    finally:
        session.close()
    if max(reasons.values()) >= REFUSED:
        raise PublishError(f"broker {broker} refuses alerts on {topic} (reason {max(reasons.values())}); check its ACL")
    return alerts[0], NOBODY_SUBSCRIBES not in reasons.values()


def _wait(woken: threading.Event, deadline: float, problem: str) -> None:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise PublishError(f"the drill was not handed over: {problem}")
    woken.wait(min(left_s, 0.2))
    woken.clear()
