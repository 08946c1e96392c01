"""What waits in a spool that no service looks after is handed over to the broker, by the link that the service uses.

Only the alert topic is used: states belong to whoever watches.
"""

from __future__ import annotations

import os
import time

from edgepose.alerts.desk import AlertDesk
from edgepose.errors import PublishError
from edgepose.publish.mqtt.health import Health
from edgepose.publish.mqtt.link import Link
from edgepose.publish.mqtt.session import Session
from edgepose.publish.mqtt.topics import Topics
from edgepose.publish.options import MqttOptions

_STUCK_S = 5.0
"""So long without one that was taken, and it is given up."""

_REFUSED_S = 1.0
"""The same once the broker has refused one, or said that nobody subscribes."""


def hand_over(options: MqttOptions, desk: AlertDesk) -> int:
    """Offer every alert that waits, once; returns how many were taken.

    PublishError where the broker cannot be reached, or does not take all of them: it says why, and they go on waiting.
    """
    topics, health = Topics(options.device_name), Health()
    session = Session(options, f"edgepose-spool-{os.urandom(3).hex()}")
    session.patient = False
    link = Link(session, topics, desk, health, 1, lambda *message: None, tells_health=False)
    n = left = desk.store.depth()
    deadline = time.monotonic() + _STUCK_S
    link.start()
    try:
        while left and time.monotonic() < deadline and not (session.tried_all and not session.connected):
            time.sleep(0.02)
            link.check()
            if desk.store.depth() < left:
                left, deadline = desk.store.depth(), time.monotonic() + _STUCK_S
            if any(one.code in _REFUSED for one in health.message().reasons):
                deadline = min(deadline, time.monotonic() + _REFUSED_S)
    finally:
        link.close("", "", 0.5)
    left = desk.store.depth()
    if left:
        reasons = [one.hint for one in health.message().reasons if one.code in _REFUSED]
        why = reasons[0] if reasons else f"broker {session.broker} {session.problem or 'does not take them'}"
        raise PublishError(f"{n - left} of {n} alerts were handed over, {left} go on waiting: {why}")
    return n


_REFUSED = ("alert_denied", "alert_unheard")
