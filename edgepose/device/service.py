"""EdgePose under a service manager: says when it is ready, that it lives, and when it stops.

systemd is told through datagrams to NOTIFY_SOCKET (sd_notify(3)); without that variable nothing happens. Ready means
that the network has answered: a board may need minutes to open one, and many seconds for its first picture. The
watchdog is fed from the progress of every thread, so that one that hangs ends in a restart even while the others go on.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from edgepose.workers import Worker

log = logging.getLogger(__name__)

STALL_S = 8.0
"""A thread whose counter stands still for so long hangs: they all tick several times a second. With a look every second
the watchdog goes hungry within ten of the moment it froze."""

START_LIMIT_S = 1200.0
"""For so long the manager is asked for more time to start, and a network may take for the first picture of a size: an
engine is built, kernels are compiled. What takes longer hangs."""

_BEAT_S = 1.0
_EXTEND_EVERY_S = 5.0
_EXTEND_BY_S = 30


class Notifier:
    """Sends state to the service manager. address: path of its datagram socket, `@name` for an abstract one, or ""."""

    def __init__(self, address: str) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None

    def send(self, *lines: str) -> None:
        """Send lines such as READY=1; a manager that does not listen is logged, not raised."""
        if self._socket is None:
            return
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("the service manager cannot be told %s: %s", lines[0], error)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Progress:
    """Decides from loop counters whether every thread is alive. counters: name -> loops so far; a thread that ended is
    left out. stall_s: seconds without a loop that mean a hang."""

    def __init__(self, counters: Callable[[], Mapping[str, int]], stall_s: float = STALL_S) -> None:
        self._counters = counters
        self._stall_s = stall_s
        self._seen: dict[str, tuple[int, float]] = {}  # last count, and when it was new
        self._warming_since: float | None = None

    def begun(self) -> bool:
        """Whether every thread has been through its loop."""
        counters = self._counters()
        return bool(counters) and all(count > 0 for count in counters.values())

    def hanging(self, now_s: float, *, warming: bool = False) -> list[str]:
        """Names of the threads that hang at monotonic second `now_s`.

        warming: the network works on the first picture of a size; whoever waits for it does not hang meanwhile.
        """
        counters = self._counters()
        self._warming_since = (self._warming_since or now_s) if warming else None
        patient = self._warming_since is not None and now_s - self._warming_since <= START_LIMIT_S
        for name, count in counters.items():
            if patient or name not in self._seen or self._seen[name][0] != count:
                self._seen[name] = count, now_s
        return [name for name in counters if now_s - self._seen[name][1] > self._stall_s]


@contextmanager
def supervised(
    counters: Callable[[], Mapping[str, int]], warming: Callable[[], bool] = lambda: False
) -> Iterator[Callable[[], None]]:
    """While inside: asks for more time until every thread runs, says READY, feeds the watchdog while all of them do.

    counters: loops of every thread so far, empty while there are none yet. warming: whether the network works on the
    first picture of a size. Gives a function that says STOPPING, which is said at the end in any case.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        yield lambda: None
        return
    notifier = Notifier(address)
    heart = Worker("heartbeat", lambda stop: _beat(stop, notifier, Progress(counters), warming))
    heart.start()
    try:
        yield lambda: notifier.send("STOPPING=1")
    finally:
        notifier.send("STOPPING=1")
        heart.stop()
        heart.join(1.0)
        notifier.close()


def _started(stop: threading.Event, notifier: Notifier, progress: Progress) -> bool:
    """Wait for every thread, asking for time meanwhile; False when the end came first."""
    began = asked = time.monotonic()
    while not progress.begun():
        if stop.wait(0.05):
            return False
        now = time.monotonic()
        if now - asked >= _EXTEND_EVERY_S and now - began < START_LIMIT_S:
            asked = now
            notifier.send(f"EXTEND_TIMEOUT_USEC={_EXTEND_BY_S * 1_000_000}", "STATUS=starting")
    return True


def _beat(stop: threading.Event, notifier: Notifier, progress: Progress, warming: Callable[[], bool]) -> None:
    if not _started(stop, notifier, progress):
        return
    notifier.send("READY=1", "STATUS=watching")
    while True:
        hanging = progress.hanging(time.monotonic(), warming=warming())
        if hanging:
            names = ", ".join(hanging)
            log.critical("thread %s has not moved for %.0f s; asking to be restarted", names, STALL_S)
            notifier.send("WATCHDOG=trigger", f"STATUS=hanging: {names}")
            return
        notifier.send("WATCHDOG=1")
        if stop.wait(_BEAT_S):
            return
