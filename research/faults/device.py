"""A device in a process of its own: records falls at a rate and carries them to a broker, with the product's own parts.

    python -m research.faults.device '{"spool": "alerts.db", "url": "mqtt://127.0.0.1:1883", "rate": 50}'

Lines on stdout: `R seq id began ended` once an alert is recorded (monotonic seconds around the call), `A seq id at`
when somebody has taken it, `C` at the first connection. SIGTERM ends it as `edgepose run` ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert
from edgepose.alerts.options import AlertOptions
from edgepose.alerts.spool import Spool
from edgepose.clock import uuid7
from edgepose.errors import PublishError
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions
from edgepose.types import Event

CAMERA = "hall"
FALL = ("suspected", "confirmed", "recovered")


class Order(msgspec.Struct):
    """What a device is to do.

    rate: alerts a second, 0 for none. count: alerts after which it only waits, 0 for no end. stages: of each fall, in
    turn. speed: pauses and deadlines of the link are so many times shorter, for outages that are. interrupt: at its
    start it says of open falls that nobody watched, as the pipeline does.
    """

    spool: str
    url: str
    rate: float = 50.0
    count: int = 0
    stages: tuple[str, ...] = FALL
    speed: float = 1.0
    interrupt: bool = True
    mqtt: dict[str, Any] = {}
    alerts: dict[str, Any] = {}


def accelerate(speed: float) -> None:
    """Make every pause and deadline of the link `speed` times shorter; keepalive, in whole seconds, stays."""
    from edgepose.publish.mqtt import alert_lane, connection, link, session, state_lane

    for module, names in (
        (link, ("_TICK_S",)),
        (alert_lane, ("RETRY_S",)),
        (state_lane, ("STATE_RETRY_S",)),
        (session, ("_PATIENT_ANSWER_S", "_LONGEST_PAUSE_S", "_LASTING_S")),
        (connection, ("_CONNECT_S",)),
    ):
        for name in names:
            setattr(module, name, getattr(module, name) / speed)


def say(*words: object) -> None:
    """One line in one write, so that a kill leaves it whole or out."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def falls(stages: tuple[str, ...]) -> Iterator[Event]:
    """Falls one after the other, each with its stages."""
    while True:
        episode = uuid7()
        for stage in stages:
            t = time.monotonic()
            yield Event("fall", stage, t, 1, 0.9, started_t=t - 1, episode=episode)


def main() -> None:
    order = msgspec.json.decode(sys.argv[1], type=Order)
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    if order.speed != 1:
        accelerate(order.speed)
    desk = AlertDesk("jetson", Spool(Path(order.spool)), options=AlertOptions(**order.alerts))
    publisher = MqttPublisher(MqttOptions(url=order.url, device="jetson", **order.mqtt))
    release = desk.handed_over

    def noting(alert: Alert) -> None:
        say("A", alert.seq, alert.id, time.monotonic())
        release(alert)

    desk.handed_over = noting  # type: ignore[method-assign]
    publisher.use_desk(desk)
    publisher.open({})

    def carried(alerts: list[Alert], began: float) -> None:
        for alert in alerts:
            say("R", alert.seq, alert.id, began, time.monotonic())
            publisher.alert(alert)

    if order.interrupt:
        carried(desk.interrupt("EdgePose did not run for a while"), time.monotonic())
    events, due, connected, beat = falls(order.stages), time.monotonic(), False, time.monotonic()
    n = 0
    while True:
        if not connected and publisher.connected:
            connected = True
            say("C")
        if ending.is_set():
            break
        began = time.monotonic()
        if order.rate and began >= due and (not order.count or n < order.count):
            carried([desk.take(CAMERA, next(events))], began)
            due, n = due + 1 / order.rate, n + 1
        carried(desk.tend(), time.monotonic())
        if began - beat >= 10.0 / order.speed:
            beat = began
            publisher.stats({})
            publisher.tell_troubles(desk.store.troubles)
        ending.wait(min(0.05, max(0.0, due - time.monotonic())) if order.rate else 0.05)
    carried(desk.interrupt("EdgePose has stopped"), time.monotonic())
    try:
        publisher.close()
    except PublishError as error:
        print(error, file=sys.stderr)
    desk.store.close()


if __name__ == "__main__":
    main()
