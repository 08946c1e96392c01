"""A live camera behind any blocking reader: a thread keeps the newest frame, loses it, comes back, and is replaced.

A blocked native read cannot be interrupted. So the caller of `read` looks after the reader thread: one that has been
inside its library for too long is given up, counted, and another takes its place.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from random import Random

from edgepose.errors import ClosedError, SourceError
from edgepose.sources.camera_clock import CameraClock
from edgepose.sources.link import Backoff, Link, fingerprint
from edgepose.sources.options import SourceOptions
from edgepose.sources.reader import Reader, Shot
from edgepose.sources.uri import redact
from edgepose.types import CameraState, Frame
from edgepose.workers import Closed, NewestSlot, Worker, monotonic

log = logging.getLogger(__name__)

MAX_ABANDONED = 3
"""Given-up reader threads that may still hang in their library before no further one is started."""

START = 1.2
"""A first picture is waited for this many times the deadline for opening, since it comes after the opening."""

WATCHDOG = 1.5
"""The watchdog acts after this many times the deadline that libraries are given for one picture."""

CLOSE_S = 1.0
"""Longest wait of `close` for the reader thread to let its camera go."""


class LiveSource:
    """One camera. `read` from one thread, `close` from any; use it closed and it says so.

    connect: opens a Reader or raises SourceError; called in the reader thread, again after every loss. label: how
    messages call the camera. ends: the end of its pictures is an end (EOFError), not a loss.
    reconnects, replaced: how often the link came back, and how often a hanging reader thread was given up.
    last_error: the last reason for a loss, in one sentence; "" while there was none.
    """

    live = True

    def __init__(
        self,
        name: str,
        label: str,
        connect: Callable[[], Reader],
        options: SourceOptions,
        *,
        ends: bool = False,
        clock: Callable[[], float] = monotonic,
        random: Random | None = None,
    ) -> None:
        self.name = name
        self.reconnects = 0
        self.replaced = 0
        self.last_error = ""
        self._label = label
        self._connect = connect
        self._options = options
        self._ends = ends
        self._clock = clock
        self._random = random or Random()
        self._link = Link(options, clock())
        self._lock = threading.Lock()
        self._slot: NewestSlot[Frame] = NewestSlot()
        self._seq = 0
        self._camera_clock = CameraClock()
        self._failure: BaseException | None = None
        self._closed = False
        self._answered = threading.Event()
        self._abandoned: list[_Lane] = []
        self._lane = self._new_lane()
        atexit.register(self.close)  # a program that ends without closing must not leave a camera daemon its client
        if options.require_at_start:
            self._wait_for_answer()

    @property
    def state(self) -> CameraState:
        with self._lock:
            return "offline" if self._closed else self._link.state(self._clock())

    @property
    def dropped(self) -> int:
        return self._slot.dropped

    def read(self, timeout_s: float = 1.0) -> Frame | None:
        """The newest frame not yet given out; None when none came in time, whatever the state of the link.

        Raises ClosedError after `close`, EOFError when a source that ends has ended, and whatever unexpected error
        ended the reader thread.
        """
        try:
            frame = self._slot.get(timeout_s)
        except TimeoutError:
            self._look_after_reader()
            frame = None
        except Closed:
            if not self._closed:
                raise (self._failure or EOFError()) from None
        if self._closed:
            raise ClosedError(f"{self._label} was closed; open it again to read it")
        return frame

    def close(self) -> None:
        """Let the camera go; returns within about a second even when its library hangs."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            lane = self._lane
        atexit.unregister(self.close)
        lane.worker.stop()
        self._slot.close()
        if not lane.worker.join(CLOSE_S):
            log.warning("%s: its reader hangs in its library and is left behind", self._label)

    def _wait_for_answer(self) -> None:
        self._answered.wait(START * self._options.open_timeout_s)
        failure = self._failure
        if failure is None and self._lane.reader is not None:
            return
        self.close()
        if failure is not None and not isinstance(failure, SourceError):
            raise failure
        raise SourceError(
            self.last_error or f"{self._label} does not answer within {self._options.open_timeout_s:g} s; is it on?"
        ) from None

    # The reader thread --------------------------------------------------------------------------------------------

    def _new_lane(self) -> _Lane:
        lane = _Lane()
        lane.worker = Worker(f"capture {self.name}", lambda stop: self._keep_reading(lane, stop), self._ended)
        self._lane = lane
        lane.worker.start()
        return lane

    def _ended(self, worker: Worker) -> None:
        """A reader thread leaves: what it did not expect goes to the caller of `read`."""
        if worker is self._lane.worker:
            self._failure = worker.error
            self._slot.close()
            self._answered.set()

    def _keep_reading(self, lane: _Lane, stop: threading.Event) -> None:
        backoff = Backoff(self._options, self._random)
        while not stop.is_set():
            connected_at = self._clock()
            try:
                self._read_until_lost(lane, stop)
                return
            except SourceError as error:
                if stop.is_set():
                    return
                if self._clock() - connected_at > self._options.backoff_max_s:
                    backoff.reset()
                pause_s = backoff.next_s()
                self._note_loss(lane, error, pause_s)
            if stop.wait(pause_s):
                return

    def _read_until_lost(self, lane: _Lane, stop: threading.Event) -> None:
        """Connect and hand over pictures until asked to stop, or until the pictures of a source that ends are over."""
        try:
            with lane.busy(self._clock()):
                reader = self._connect()
            try:
                while not stop.is_set():
                    with lane.busy(self._clock()):
                        shot = reader.read()
                    if shot is not None:
                        self._hand_over(lane, reader, shot)
            finally:
                with lane.busy(self._clock()):
                    reader.close()
        except EOFError:
            if not self._ends:
                raise SourceError(f"{self._label} ended its stream") from None

    def _note_loss(self, lane: _Lane, error: SourceError, pause_s: float) -> None:
        with self._lock:
            if lane is self._lane:
                self._link.lost(self._clock())
                self.last_error = redact(str(error))
                if lane.reader is not None or not self._options.require_at_start:
                    log.warning("%s; trying again in %.1f s", self.last_error, pause_s)
        self._answered.set()

    def _hand_over(self, lane: _Lane, reader: Reader, shot: Shot) -> None:
        mark = fingerprint(shot.image)
        with self._lock:
            if lane is not self._lane or self._closed:
                return
            now = self._clock()
            if reader is not lane.reader:
                self._note_connection(lane, reader, now)
            self._link.picture(now, mark)
            frame = Frame(shot.image, self._camera_clock.capture_s(shot.pts_s, now), self._seq, self.name)
            self._seq += 1
            self._slot.put(frame)

    def _note_connection(self, lane: _Lane, reader: Reader, now: float) -> None:
        """The first picture of a connection; whoever takes a call and shows nothing was not reached."""
        lane.reader = reader
        self._link.connected(now, reader.period_s)
        self._camera_clock = CameraClock()
        if self.last_error:
            self.reconnects += 1
            log.info("%s: connected again", self._label)
        self._answered.set()

    # The watchdog -------------------------------------------------------------------------------------------------

    def _look_after_reader(self) -> None:
        """Give up a reader whose library did not keep its own deadline, and start another in its place."""
        patience_s = WATCHDOG * max(self._options.hang_s, self._options.open_timeout_s)
        with self._lock:
            if self._closed or not self._lane.hangs(self._clock(), patience_s):
                return
            self._link.lost(self._clock())
            self._abandoned = [lane for lane in self._abandoned if lane.worker.alive]
            if len(self._abandoned) >= MAX_ABANDONED:
                return
            self.last_error = f"{self._label} hung for {patience_s:g} s without a picture"
            log.warning("%s; its reader is replaced", self.last_error)
            self._lane.worker.stop()
            self._abandoned.append(self._lane)
            self.replaced += 1
            self._new_lane()


class _Lane:
    """One reader thread's life. reader: the last one that gave a picture, None while none did."""

    worker: Worker

    def __init__(self) -> None:
        self.reader: Reader | None = None
        self._busy_since: float | None = None

    def busy(self, now: float) -> _Lane:
        """Around every call into the library."""
        self._busy_since = now
        return self

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self._busy_since = None

    def hangs(self, now: float, hang_s: float) -> bool:
        return self._busy_since is not None and now - self._busy_since > hang_s
