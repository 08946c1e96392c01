"""A second way out for critical alerts: an HTTPS POST where MQTT brought nobody, such as to ntfy on a telephone.

It looks at the desk's incidents, not at messages: one that nobody took from the broker for `after_s`, or that nobody
answered for `after_min`, is posted once. What MQTT owes stays owed: a push service that says 200 proves nothing about
Home Assistant, so alerts leave the spool only where this is the only way there is.
"""

from __future__ import annotations

import logging
import random
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any

from edgepose.alerts.calls import SECOND_WAY, SEVERITY, Call
from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.message import Alert
from edgepose.alerts.store import Incident
from edgepose.encoding import encode
from edgepose.errors import ConfigError, PublishError
from edgepose.files import read_secret
from edgepose.health import Reason, reason_now
from edgepose.publish.options import WebhookOptions
from edgepose.publish.posting import address_of, headers_of, post
from edgepose.types import CameraState, FrameResult
from edgepose.workers import Worker

log = logging.getLogger(__name__)

_TICK_S = 0.5
_LONGEST_PAUSE_S = 60.0

_WORDS = {
    "long_lie": "somebody has been lying on the floor for long",
    "found_down": "somebody was found on the floor",
    "confirmed": "somebody has fallen",
    "help": "somebody calls for help",
}
"""What happened, by stage, the gravest first."""


class WebhookPublisher:
    """Posts critical incidents in a thread of its own; raises ConfigError for options that cannot be used.

    is_only_way: no other publisher carries alerts; then every critical alert is posted at once, and leaves the spool.
    """

    is_only_way = False

    def __init__(self, options: WebhookOptions) -> None:
        if not options.url:
            raise ConfigError("the second way needs an address; set webhook.url")
        self._options = options
        self._address = address_of(options.url)
        self._headers = _headers(options)
        self._tls = _tls(options) if self._address.tls else None
        self._desk: AlertDesk | None = None
        self._wake = threading.Event()
        self._worker = Worker("webhook", self._work)
        self._failures = 0
        self._pause_until_s = 0.0
        self._troubles: tuple[Reason, ...] = ()

    @property
    def troubles(self) -> tuple[Reason, ...]:
        """That nothing can be posted, while that is so."""
        return self._troubles

    def use_desk(self, desk: AlertDesk) -> None:
        """Look at the incidents of this desk; call it before `open`."""
        self._desk = desk
        desk.has_second_way = not self.is_only_way

    def alert(self, alert: Alert) -> None:
        """An alert was recorded: look at once."""
        self._wake.set()

    def open(self, card: Mapping[str, Any]) -> None:
        if self._desk is not None:
            self._worker.start()

    def publish(self, result: FrameResult) -> None:
        """Frames are not posted; an error of the thread ends the run, as one of any stage does."""
        if self._worker.error is not None:
            raise self._worker.error

    def camera_state(self, source: str, state: CameraState) -> None:
        """Not posted."""

    def stats(self, values: Mapping[str, Any]) -> None:
        """Not posted."""

    def close(self) -> None:
        self._worker.stop()
        self._wake.set()
        self._worker.join(1.0)

    def _work(self, stop: threading.Event) -> None:
        assert self._desk is not None
        while not stop.is_set():
            if time.monotonic() >= self._pause_until_s:
                try:
                    (self._first_way if self.is_only_way else self._second_way)(self._desk, stop)
                except PublishError as error:
                    self._failed(error)
            self._wake.wait(_TICK_S)
            self._wake.clear()

    def _second_way(self, desk: AlertDesk, stop: threading.Event) -> None:
        for call in desk.calls():
            why = self._why(call)
            if stop.is_set() or why is None:
                continue
            incident = call.incident
            others = [desk.incident(one) for one in incident.related]
            if not any(one is not None and SECOND_WAY in one.seconds for one in others):
                self._post(desk.device, incident, why)
            desk.note(incident.id, SECOND_WAY)

    def _why(self, call: Call) -> str | None:
        """Why an incident is to be posted now; None where it is not yet, or no more."""
        waited_s = time.monotonic() - call.since_s
        if call.incident.drill:
            return "this is a drill"
        if not call.handed_over and waited_s >= self._options.after_s:
            return f"nobody has taken the alert for {waited_s:.0f} s"
        is_open = call.incident.closed is None
        if is_open and self._options.after_min and waited_s >= self._options.after_min * 60:
            return f"nobody has answered for {waited_s / 60:.1f} min"
        return None

    def _first_way(self, desk: AlertDesk, stop: threading.Event) -> None:
        while not stop.is_set() and (waiting := desk.store.batch(20)):
            for stored in waiting:
                incident = desk.incident(stored.alert.id)
                if stored.alert.severity != "critical" or incident is None:
                    desk.store.release(stored.alert.seq)
                else:
                    self._post(desk.device, incident, "")
                    desk.handed_over(stored.alert)

    def _post(self, device: str, incident: Incident, why: str) -> None:
        text = words(device, incident, why)
        headers = {"User-Agent": "edgepose"}
        if self._options.format == "json":
            body = encode(
                {"schema": "edgepose.call/1", "device": device, "why": why, "text": text, "incident": incident}
            )
            headers |= {"Content-Type": "application/json"}
        else:
            body = text.encode()
            title = f"EdgePose {device}: {'drill' if incident.drill else incident.camera}"
            urgency = {"Title": title, "Priority": "default" if incident.drill else "urgent", "Tags": "rotating_light"}
            headers = {"Content-Type": "text/plain; charset=utf-8", **urgency, **headers}
        configured = {name.lower() for name in self._headers}
        headers = {name: value for name, value in headers.items() if name.lower() not in configured} | self._headers
        post(self._address, body, headers, self._options.timeout_s, self._tls)
        self._failures = 0
        if self._troubles:
            log.info("%s takes alerts again", self._address)
            self._troubles = ()

    def _failed(self, error: PublishError) -> None:
        """Say it once, and wait longer each time."""
        self._failures += 1
        pause_s = min(_LONGEST_PAUSE_S, self._options.retry_s * 2 ** min(self._failures - 1, 10))
        self._pause_until_s = time.monotonic() + pause_s * random.uniform(0.8, 1.2)
        if not self._troubles or self._troubles[0].hint != str(error):
            log.warning("the second way fails: %s; trying on", error)
            self._troubles = (reason_now("webhook_failed", str(error)),)


def words(device: str, incident: Incident, why: str) -> str:
    """One sentence for a person who was woken."""
    reached = [text for stage, text in _WORDS.items() if stage in incident.seconds]
    told = reached[0] if reached else f"a critical alert ({incident.stage})"
    ended = (
        "" if incident.closed is None or SEVERITY.get(incident.stage) == "critical" else f"; it is {incident.stage} now"
    )
    drill = "DRILL: " if incident.drill else ""
    return f"{drill}{told}, camera {incident.camera} of {device}, {incident.started}{ended}{f' ({why})' if why else ''}"


def _headers(options: WebhookOptions) -> dict[str, str]:
    if not options.headers_file:
        return {}
    try:
        text = read_secret(options.headers_file).decode()
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError(f"webhook.headers_file {options.headers_file!r} cannot be read: {said}") from None
    return headers_of(text)


def _tls(options: WebhookOptions) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=options.ca_file or None)
    except OSError as error:
        raise ConfigError(f"webhook.ca_file {options.ca_file!r} cannot be used: {error}") from None
