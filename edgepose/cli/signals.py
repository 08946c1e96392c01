"""SIGINT and SIGTERM as a wish to end, for verbs that run until told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ending_on_signals(stop: Callable[[], None]) -> Iterator[list[int]]:
    """Calls `stop` at the first SIGINT or SIGTERM; the list it gives holds the signals received so far.

    A second SIGINT raises KeyboardInterrupt, for someone who cannot wait. `stop` runs in a thread of its own, because
    a handler may interrupt the main thread while that holds a lock which `stop` needs. After a SIGTERM further ones are
    ignored for good, so that a storm of them does not cut off the end.
    """
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if received.count(signal.SIGINT) > 1:
            raise KeyboardInterrupt
        threading.Thread(target=stop, name="stop", daemon=True).start()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if number == signal.SIGTERM and number in received else handler)


def exit_code(received: list[int]) -> int:
    """130 after an interrupt, 0 after SIGTERM (how a service manager ends a service) or none."""
    return 130 if signal.SIGINT in received else 0
