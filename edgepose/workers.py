"""Threads that end well: a named worker with a stop event, a bounded queue that can be closed, a newest-frame slot.

Everything here is generic; what the threads do is in `pipeline.py` and `sources/`.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Closed(Exception):  # noqa: N818 (a signal between threads, not an error)
    """A queue or slot was closed: the reader or writer should leave."""


class BoundedQueue(Generic[T]):
    """First in, first out, at most `size` items. `put` waits for room, `get` for an item; `close` wakes everybody.

    After `close`, items already in the queue can still be taken; then `get` raises Closed. `put` raises it at once.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"a queue needs room for at least 1 item, got {size}")
        self._size = size
        self._items: deque[T] = deque()
        self._condition = threading.Condition()
        self._closed = False

    def put(self, item: T, timeout_s: float | None = None) -> None:
        """Append; raises Closed when closed and TimeoutError when no room came free in time."""
        with self._condition:
            if not self._condition.wait_for(lambda: self._closed or len(self._items) < self._size, timeout_s):
                raise TimeoutError(f"queue stayed full for {timeout_s} s")
            if self._closed:
                raise Closed
            self._items.append(item)
            self._condition.notify_all()

    def get(self, timeout_s: float | None = None) -> T:
        """Take the oldest; raises Closed when closed and empty and TimeoutError when nothing came in time."""
        with self._condition:
            if not self._condition.wait_for(lambda: self._closed or bool(self._items), timeout_s):
                raise TimeoutError(f"queue stayed empty for {timeout_s} s")
            if not self._items:
                raise Closed
            item = self._items.popleft()
            self._condition.notify_all()
            return item

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def __len__(self) -> int:
        return len(self._items)


class NewestSlot(Generic[T]):
    """Room for one item; a newer one replaces it and is counted in `dropped`."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None
        self._closed = False
        self.dropped = 0

    def put(self, item: T) -> None:
        with self._condition:
            if self._closed:
                raise Closed
            if self._item is not None:
                self.dropped += 1
            self._item = item
            self._condition.notify_all()

    def get(self, timeout_s: float | None = None) -> T:
        with self._condition:
            if not self._condition.wait_for(lambda: self._closed or self._item is not None, timeout_s):
                raise TimeoutError(f"no item for {timeout_s} s")
            if self._item is None:
                raise Closed
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify_all()


class Busy(TimeoutError):  # noqa: N818 (an answer, as Closed is)
    """Somebody else did not let go in time."""


class Turns:
    """One at a time, and who is urgent goes before all who are not: two threads may share what only one may use."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._taken = False
        self._urgent = 0

    @contextmanager
    def turn(self, *, urgent: bool = False, timeout_s: float | None = None) -> Iterator[None]:
        """Wait for the turn and hold it; Busy when it did not come in `timeout_s` seconds."""
        with self._condition:
            self._urgent += urgent
            try:
                ready = self._condition.wait_for(lambda: not self._taken and (urgent or not self._urgent), timeout_s)
            finally:
                self._urgent -= urgent
            if not ready:
                self._condition.notify_all()
                raise Busy(f"no turn in {timeout_s} s")
            self._taken = True
        try:
            yield
        finally:
            with self._condition:
                self._taken = False
                self._condition.notify_all()


class Worker:
    """A named daemon thread around `work(stop)`; remembers the exception that ended it.

    `work` is called once, must look at `stop` often, and returns when it is done. `on_exit(worker)` is called in the
    thread as the last thing, with `worker.error` set, so that an owner learns of a failure at once.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[threading.Event], None],
        on_exit: Callable[[Worker], None] | None = None,
    ) -> None:
        self.name = name
        self.error: BaseException | None = None
        self.stop_event = threading.Event()
        self._work = work
        self._on_exit = on_exit
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        try:
            self._work(self.stop_event)
        except Closed:
            pass
        except BaseException as error:
            self.error = error
        finally:
            if self._on_exit is not None:
                self._on_exit(self)

    def start(self) -> Worker:
        self._thread.start()
        return self

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ask the worker to leave; returns at once."""
        self.stop_event.set()

    def join(self, deadline_s: float) -> bool:
        """Wait until `deadline_s` seconds from now at most; True when the thread has ended."""
        if self._thread.ident is not None:
            self._thread.join(deadline_s)
        return not self._thread.is_alive()


def sleep_until(stop: threading.Event, seconds: float) -> bool:
    """Sleep that a stop event cuts short; True when stop was asked for."""
    return stop.wait(max(0.0, seconds))


def monotonic() -> float:
    """The clock of every `t` in EdgePose, seconds."""
    return time.monotonic()
