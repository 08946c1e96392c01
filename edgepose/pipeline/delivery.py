"""The group thread: judged frames, camera states and figures out to the publishers and to whoever iterates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Event as Flag
from typing import Any

from edgepose.alerts.desk import AlertDesk, pose_of, to_alert
from edgepose.alerts.drills import overdue
from edgepose.alerts.message import Alert
from edgepose.health import Reason, Trouble
from edgepose.pipeline.cameras import CameraStates
from edgepose.pipeline.card import Board
from edgepose.pipeline.judging import Judge
from edgepose.pipeline.meter import Meter
from edgepose.pipeline.newest import Newest
from edgepose.pipeline.queues import Inferred, Queues
from edgepose.pipeline.scene import RuleMaker
from edgepose.pipeline.threads import POLL_S
from edgepose.pipeline.trail import Trails
from edgepose.pipeline.troubles import Troubles
from edgepose.pipeline.watched import Watched
from edgepose.publish import Publisher
from edgepose.types import FrameResult
from edgepose.workers import Closed

HEARTBEAT_S = 30.0
"""Longest pause between two `Publisher.stats`: whoever hears nothing for three of them calls this device silent."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What goes out.

    card: for `Publisher.open`. live: names of the live sources. stats_s: seconds between two `Publisher.stats`.
    board: read for `stats`, None without publishers. desk: what becomes of falls, None where nobody carries alerts.
    troubles: what is wrong with the whole of it, as reasons for `health`.
    max_frames: results after which the run ends. to_caller, with_images: whether results wait for whoever iterates,
    and with their pictures.
    """

    card: Mapping[str, Any]
    live: frozenset[str]
    stats_s: float
    board: Board | None = None
    desk: AlertDesk | None = None
    troubles: Callable[[], tuple[Reason, ...]] = tuple
    max_frames: int | None = None
    to_caller: bool = True
    with_images: bool = True


class Outlet:
    """Has frames judged and publishes them, in order. Every call to a publisher comes from the thread that runs it."""

    def __init__(self, judge: Judge, queues: Queues, publishers: Sequence[Publisher], delivery: Delivery) -> None:
        self.meter = Meter()
        self._judge = judge
        self._queues = queues
        self._publishers = publishers
        self._delivery = delivery
        self._desk = delivery.desk
        self._trails = _trails(delivery.desk)
        self._to_caller = delivery.to_caller
        self._interval = Meter()
        self._states = CameraStates(publishers, queues, self._paused)
        self._troubles = Troubles(
            publishers, (judge.troubles, queues.found_troubles), (self._board_troubles, self._drill_troubles), self._own
        )
        self.newest = Newest()
        self._watched = Watched(delivery.live, time.monotonic(), time.time())
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._stats_due_s = time.monotonic() + delivery.stats_s

    def __call__(self, stop: Flag) -> None:
        queues = self._queues
        try:
            with ExitStack() as opened:
                if self._delivery.board is not None:
                    opened.callback(self._delivery.board.close)
                if self._desk is not None:
                    opened.callback(self._desk.store.close)
                for publisher in self._publishers:
                    opened.push(_leaving(publisher, queues.failed))
                    publisher.open(self._delivery.card)
                if self._desk is not None:
                    self._carry(self._desk.interrupt("EdgePose did not run for a while"))
                with suppress(Closed):
                    while not self._enough():
                        self._step()
                if self._trails is not None:
                    self._trails.close()
                if self._desk is not None:
                    self._carry(self._desk.interrupt("EdgePose has stopped"))
                self._states.tell()
                self._troubles.tell()
                self._tell_stats()
        finally:
            queues.close()

    def carry(self, alerts: Sequence[Alert]) -> None:
        """Alerts that another thread had recorded: the publishers hear of them soon."""
        self._jobs.put(lambda: self._carry(alerts))

    def try_again(self) -> None:
        """Have what waits offered again soon; any thread may ask."""
        self._jobs.put(self._try_again)

    def tell_card(self, card: Mapping[str, Any]) -> None:
        """Have the publishers say soon that the device card has changed; any thread may ask."""
        self._jobs.put(lambda: self._tell_card(card))

    def _tell_card(self, card: Mapping[str, Any]) -> None:
        for publisher in self._publishers:
            tell = getattr(publisher, "tell_card", None)
            if tell is not None:
                tell(card)

    def standing(self) -> dict[str, Any]:
        """How it is now: watch, by camera (state, idle_s since a judged frame, day, watched_s, unwatched_s), troubles,
        and alerts that wait; any thread may ask.
        """
        now_s, states = time.monotonic(), self._states.now
        watch = {
            name: {"state": states.get(name, "starting"), "idle_s": self._watched.idle_s(name, now_s), **seconds}
            for name, seconds in self._watched.report().items()
        }
        links = [one.connected for one in self._publishers if hasattr(one, "connected")]
        return {
            "watch": watch,
            "troubles": self._troubles.now,
            "broker_connected": all(links) if links else None,
            "alerts_waiting": None if self._desk is None else self._desk.store.depth(),
            "last_drill_ok": None if self._desk is None else self._desk.last_drill_ok,
            "fps": round(self.meter.fps, 2),
        }

    def use_rules(self, makers: Sequence[RuleMaker]) -> None:
        """Have frames judged by other rules soon; any thread may ask."""
        self._jobs.put(lambda: self._judge.use_rules(makers))

    def _try_again(self) -> None:
        for publisher in self._publishers:
            again = getattr(publisher, "try_again", None)
            if again is not None:
                again()

    def _enough(self) -> bool:
        return self._delivery.max_frames is not None and self.meter.frames >= self._delivery.max_frames

    def _step(self) -> None:
        self._queues.progress["group"] += 1
        self._states.tell()
        self._troubles.tell()
        self._watched.tick(time.monotonic(), self._states.now)
        while not self._jobs.empty():
            self._jobs.get()()
        if self._desk is not None:
            self._carry(self._desk.tend())
        if time.monotonic() >= self._stats_due_s:
            self._tell_stats()
        batch: list[Inferred] = []
        with suppress(TimeoutError):  # only of the queue: a rule's or a publisher's own is an error
            batch = self._queues.inferred.get(POLL_S)
        for one in batch:
            if not self._enough() and one.frame.source not in self._states.paused:
                self._publish(self._judge(one))

    def _publish(self, result: FrameResult) -> None:
        began = time.perf_counter()
        if self._trails is not None:
            self._trails.add(result)
        if self._desk is not None and result.events:
            alarming = [event for event in result.events if to_alert(event)]
            alerts = [self._desk.take(result.source, one, pose_of(one, result.tracks)) for one in alarming]
            self._carry(alerts)
            if self._trails is not None:
                for alert in alerts:
                    self._trails.begin(alert, result.source, result.t)
        for publisher in self._publishers:
            publisher.publish(result)
        publish_ms = (time.perf_counter() - began) * 1e3
        self.newest.saw(result)
        self._watched.saw(result.source, time.monotonic())
        for meter in (self.meter, self._interval):
            meter.add(result)
            meter.time("publish", publish_ms)
            if result.source in self._delivery.live:
                meter.time("total", (time.monotonic() - result.t) * 1e3)
        if self._to_caller:
            self._deliver(result)

    def _carry(self, alerts: Sequence[Alert]) -> None:
        """Say to the publishers that carry alerts that these are recorded."""
        for alert in alerts:
            for publisher in self._publishers:
                carry = getattr(publisher, "alert", None)
                if carry is not None:
                    carry(alert)

    def _deliver(self, result: FrameResult) -> None:
        if not self._delivery.with_images:
            result = replace(result, image=None)
        try:
            self._queues.results.put(result)
        except Closed:  # the caller wants no more; what is under way is still published
            self._to_caller = False

    def _paused(self, source: str) -> None:
        """Nobody looks at a camera any more: what became of open falls there is not known."""
        events = self._judge.interrupt(source, "the camera is paused")
        if self._desk is not None:
            self._carry([self._desk.take(source, event) for event in events if to_alert(event)])

    def _own(self) -> list[Reason]:
        """What publishers and the spool had to give up, and what is wrong with the whole run."""
        found = [one for publisher in self._publishers for one in getattr(publisher, "troubles", ())]
        found += self._delivery.troubles()
        return found if self._desk is None else [*found, *self._desk.store.troubles]

    def _board_troubles(self) -> list[tuple[None, Trouble]]:
        board = self._delivery.board
        return [] if board is None else [(None, one) for one in board.troubles]

    def _drill_troubles(self) -> list[tuple[None, Trouble]]:
        desk = self._desk
        if desk is None:
            return []
        return [(None, one) for one in overdue(desk.last_drill_ok, desk.options.drill_days, time.time())]

    def _tell_stats(self) -> None:
        if self._delivery.board is not None:
            values = {**self._interval.report(), **self._delivery.board.read(), "watched": self._watched.report()}
            if self._desk is not None:
                values["spool_depth"] = self._desk.store.depth()
            for publisher in self._publishers:
                publisher.stats(values)
        self._troubles.look()
        self._interval = Meter()
        self._stats_due_s = time.monotonic() + self._delivery.stats_s


def _leaving(publisher: Publisher, failed: Flag) -> Callable[..., None]:
    """What ends a publisher: `close`, or after an error `fail`, where it has that."""

    def leave(kind: type[BaseException] | None, *error: object) -> None:
        fail = getattr(publisher, "fail", None)
        if fail is not None and (kind is not None or failed.is_set()):
            fail()
        else:
            publisher.close()

    return leave


def _trails(desk: AlertDesk | None) -> Trails | None:
    """Skeletons around falls, where there is a disk to keep them on and nobody has switched them off."""
    if desk is None or not desk.options.skeletons or desk.options.spool_path is None:
        return None
    return Trails(desk.store.keep_skeletons)
