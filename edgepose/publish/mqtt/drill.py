"""A drill: one marked alert and its end, sent beside a running service, to see that alerts reach somebody.

Only the alert topic is used: `status` and the latched `fall` belong to the service.
"""

from __future__ import annotations

import os
import time

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert
from edgepose.alerts.store import MemoryAlertStore
from edgepose.encoding import encode
from edgepose.errors import PublishError
from edgepose.publish.mqtt.reasons import FAILURE, NO_SUBSCRIBERS, sentence
from edgepose.publish.mqtt.session import Session
from edgepose.publish.mqtt.topics import Topics
from edgepose.publish.options import MqttOptions
from edgepose.types import Event


def send_drill(options: MqttOptions, camera: str, timeout_s: float = 5.0) -> tuple[Alert, bool]:
    """Send a drill; returns its first alert and whether somebody subscribes (MQTT 3.1.1 cannot tell: True).

    PublishError when the broker cannot be reached or refuses the alert.
    """
    topics = Topics(options.device_name)
    desk = AlertDesk(topics.device, MemoryAlertStore())
    now = time.monotonic()
    evidence = {"drill": True, "cause": "edgepose alert test"}
    alerts = [desk.take(camera, Event("fall", stage, now, evidence=evidence)) for stage in ("confirmed", "cleared")]
    session = Session(options, f"edgepose-drill-{os.urandom(3).hex()}")
    deadline = now + timeout_s * (1 + len(options.fallbacks))
    session.patient = False
    session.start()
    try:
        while not session.connected:
            _step(session, deadline, session.problem or "did not answer in time")
        codes: dict[int, int] = {}
        topic = topics.of_camera(camera, "alert")
        sent = [session.publish(topic, encode(alert), qos=1) for alert in alerts]
        while len(codes) < len(sent):
            _step(session, deadline, session.problem or "did not acknowledge it")
            codes.update(session.answers())
    finally:
        session.close()
    worst = max(codes.values())
    if worst >= FAILURE:
        raise PublishError(f"broker {session.broker} refuses alerts on {topic}: {sentence(worst)}")
    return alerts[0], NO_SUBSCRIBERS not in codes.values()


def _step(session: Session, deadline: float, problem: str) -> None:
    if time.monotonic() >= deadline or session.tried_all:
        raise PublishError(f"the drill was not handed over: broker {session.broker} {problem}")
    session.wait(0.1)
    session.tend()
