"""The pipeline on threads: cameras and files in, results to publishers and to whoever iterates."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import msgspec

from edgepose.config import Config
from edgepose.errors import ClosedError
from edgepose.health import Reason, reason_now
from edgepose.look import Network
from edgepose.pipeline.card import Board, device_card, model_of_alerts, network_card, on_cpu
from edgepose.pipeline.delivery import HEARTBEAT_S, Delivery, Outlet
from edgepose.pipeline.inbox import Inbox
from edgepose.pipeline.judging import Judge
from edgepose.pipeline.looks import SecondLooks
from edgepose.pipeline.opening import (
    ModelLike,
    SourceLike,
    check_names,
    configuration,
    open_desk,
    open_network,
    open_publishers,
    open_sources,
    rooms_of,
)
from edgepose.pipeline.pauses import Pauses
from edgepose.pipeline.queues import Queues
from edgepose.pipeline.rules import RuleLike, rule_makers
from edgepose.pipeline.scene import Scenes
from edgepose.pipeline.threads import Capture, Infer
from edgepose.publish import Publisher
from edgepose.skeleton import Skeleton
from edgepose.types import FrameResult
from edgepose.workers import BoundedQueue, Closed, Worker

if TYPE_CHECKING:
    from edgepose.alerts.desk import AlertDesk
    from edgepose.alerts.message import Alert
    from edgepose.backends import Backend

logger = logging.getLogger(__name__)

_LIVE = ("rules", "zones", "fall", "posture", "gesture", "activity")
"""Sections of a configuration that a run takes while it goes on."""

GRACE_S = 0.2
"""What a thread gets to leave after its queues were closed under it."""


class Pipeline:
    """Runs sources, network, rules and publishers on threads of their own: iterate over it, or call `run`.

    Files lose no frame and keep their order; a live source keeps its newest frame, and the ones it let go are counted
    in `FrameResult.dropped`. Whoever iterates slowly slows files down and makes cameras drop; memory does not grow. An
    error in any thread ends all of them and is raised where results are taken. A pipeline runs once: it owns what it
    was given and closes it. `stop` and `close` may be called from any thread; results are taken by one.

    >>> import edgepose
    >>> source = "synthetic://?people=1&frames=3&width=160&height=120"
    >>> with edgepose.Pipeline(source=source, rules=[], publishers=[], height=64) as pipeline:
    ...     [result.seq for result in pipeline]
    [0, 1, 2]
    """

    def __init__(
        self,
        config: Config | str | Path | None = None,
        *,
        source: SourceLike | Sequence[SourceLike] | None = None,
        model: ModelLike | None = None,
        rules: Iterable[RuleLike] | None = None,
        publishers: Iterable[str | Publisher] | None = None,
        max_frames: int | None = None,
        keep_images: bool = True,
        height: int | None = None,
        min_score: float | None = None,
    ) -> None:
        """Open everything; each keyword takes the place of what the configuration says.

        max_frames: results after which it ends. keep_images: False leaves the picture out of the results one iterates
        over, so that collecting them costs little memory. height: of the network input in pixels. min_score: smallest
        score of a person, 0 to 1. Raises an EdgePoseError for what cannot be opened.
        """
        self._config = configuration(config, height, min_score)
        with ExitStack() as opened:  # whatever fails to open lets go of what was open already
            self._network = open_network(self._config, model)
            opened.callback(self._network.close)
            self._rules = rule_makers(self._config, rules, self._skeleton)
            self._sources = open_sources(self._config, source)
            for one in self._sources:
                opened.callback(one.close)
            self._publishers = open_publishers(self._config, publishers)
            self._rooms = rooms_of(self._config, self._sources) if source is None else {}
            opened.pop_all()
        self._max_frames = max_frames
        self._keep_images = keep_images
        options = self._config.pipeline
        self._queues = Queues(
            inbox=Inbox((one.name for one in self._sources), options.queue_size),
            inferred=BoundedQueue(options.queue_size),
            results=BoundedQueue(options.queue_size),
            pauses=Pauses(one.name for one in self._sources if one.live),
        )
        self._lock = threading.RLock()
        self._error: BaseException | None = None
        self._workers: list[Worker] = []
        self._captures: list[Worker] = []
        self._outlet: Outlet | None = None
        self._desk: AlertDesk | None = None
        self._troubles: dict[str, Reason] = {}
        self._closed = False
        if self._network.backend.info.why:
            self.trouble("cpu_fallback", on_cpu(self._network.backend.info))

    @property
    def progress(self) -> dict[str, int]:
        """Loop counter of every thread that has not ended, as "capture NAME", "infer", "group" and by publisher.

        All of them tick several times a second while all is well; one that stands still belongs to a thread that hangs.
        """
        ticks = dict(self._queues.progress)  # a source that ends takes its counter away meanwhile
        found = {worker.name: ticks[worker.name] for worker in self._workers if worker.alive and worker.name in ticks}
        for publisher in self._publishers:
            found |= getattr(publisher, "progress", {})
        return found

    @property
    def warming(self) -> bool:
        """Whether the network works on the first picture of a size, which may take many times as long as others."""
        return self._network.warming

    @property
    def is_live(self) -> bool:
        """Whether one of its sources is a camera, which does not end."""
        return any(source.live for source in self._sources)

    @property
    def _skeleton(self) -> Skeleton:
        """The keypoints of the people it finds."""
        return self._network.backend.spec.pose_skeleton

    @property
    def network(self) -> Network:
        """The network that runs, and what runs it (`network.backend.info`)."""
        return self._network

    def use(self, backend: Backend) -> None:
        """Run the network with `backend` from the next picture on, which belongs to the pipeline from then on; any
        thread may ask. Tracks, rules and publishers go on, and `info` says so. ModelError for other keypoints.
        """
        self._network.use(backend)
        if backend.info.why:
            self.trouble("cpu_fallback", on_cpu(backend.info))
        else:
            self.well("cpu_fallback")
        if self._desk is not None:
            self._desk.model = dict(model_of_alerts(self._network))
        if self._outlet is not None and self._publishers:
            self._outlet.tell_card(device_card(self._network, self._sources))

    def trouble(self, code: str, hint: str, instead_of: str = "") -> None:
        """Have the health say that something is wrong with this run, until `well(code)`; any thread may ask.

        instead_of: code of a trouble that this one takes the place of.
        """
        rest = {key: one for key, one in self._troubles.items() if key != instead_of}
        before = rest.get(code)
        if before is None or before.hint != hint:
            rest[code] = reason_now(code, hint)
        self._troubles = rest

    def well(self, code: str) -> None:
        """What `trouble(code)` said is over."""
        self._troubles = {key: one for key, one in self._troubles.items() if key != code}

    @property
    def troubles(self) -> tuple[Reason, ...]:
        """What is wrong with this run, as the health says it."""
        return tuple(self._troubles.values())

    def reload(self, config: Config) -> list[str]:
        """Take what can be changed while it runs from another configuration: the rules, their options and the zones.

        Cameras, tracks and publishers go on; what is open in the rules of before is closed as `unknown`. Gives the
        sections that differ and wait for a restart. ConfigError for what cannot be used, and then nothing changes.
        """
        check_names([source.name for source in self._sources], config)
        makers = rule_makers(config, None, self._skeleton)
        changed = [name for name in Config.__struct_fields__ if getattr(config, name) != getattr(self._config, name)]
        if self._outlet is not None and set(changed) & set(_LIVE):
            self._outlet.use_rules(makers)
        self._config = msgspec.structs.replace(self._config, **{name: getattr(config, name) for name in _LIVE})
        return [name for name in changed if name not in _LIVE]

    def about(self) -> dict[str, Any]:
        """What runs the network (backend, device, engine, precision, why), how the cameras are, what is wrong, and
        once it has started how each camera is watched.
        """
        standing = self._outlet.standing() if self._outlet is not None else {}
        return {
            "network": {"name": self._network.backend.spec.name, **network_card(self._network)},
            "cameras": {source.name: source.state for source in self._sources},
            "troubles": self.troubles,
            **standing,
        }

    def scene(self) -> dict[str, Any]:
        """What can be looked at now: frames (see `Newest.frames`; none before the start), the limbs of the keypoint set
        as pairs of indices, and the zones, as the configuration has them.
        """
        return {
            "frames": self._outlet.newest.frames() if self._outlet is not None else [],
            "limbs": self._skeleton.limbs,
            "zones": msgspec.to_builtins(self._config.zones),
        }

    @property
    def desk(self) -> AlertDesk | None:
        """What becomes of falls, None before the start and where no publisher carries alerts."""
        return self._desk

    def carry(self, alerts: Sequence[Alert]) -> None:
        """Tell the publishers of alerts that another thread had the desk record; any thread may ask."""
        if self._outlet is not None:
            self._outlet.carry(alerts)

    def try_again(self) -> None:
        """Have what waits offered again at once; any thread may ask."""
        if self._outlet is not None:
            self._outlet.try_again()

    def report(self) -> dict[str, Any]:
        """Numbers so far: frames, dropped, people_frames, fps, latency_ms per stage (p50, p99) and events; and what
        runs the network: backend, device, engine, precision, why.
        """
        if self._outlet is None:
            return {}
        return self._outlet.meter.report() | {"network": network_card(self._network)}

    def start(self, *, to_caller: bool = True) -> None:
        """Start the threads; iterating and `run` do so themselves. Doing it twice is fine.

        to_caller: False publishes only, and results are not kept for iteration. Raises ClosedError after `close`.
        """
        with self._lock:
            if self._closed:
                raise ClosedError("this Pipeline is closed; make a new one to run again")
            if self._workers:
                return
            live = frozenset(one.name for one in self._sources if one.live)
            scenes = Scenes(self._config.tracking, self._rules, SecondLooks(self._network, live), self._skeleton)
            card = device_card(self._network, self._sources) if self._publishers else {}
            self._desk = open_desk(self._config, self._publishers, model_of_alerts(self._network), self._rooms)
            for publisher in self._publishers:
                if hasattr(publisher, "use_pauses"):
                    publisher.use_pauses(self._queues.pauses)
            delivery = Delivery(
                card=card,
                live=live,
                stats_s=min(self._config.pipeline.stats_s, HEARTBEAT_S),
                board=Board(self._sources) if self._publishers else None,
                desk=self._desk,
                troubles=lambda: self.troubles,
                max_frames=self._max_frames,
                to_caller=to_caller,
                with_images=self._keep_images,
            )
            captures = [
                Capture(source, self._network.preparer(), self._queues, self._config.pipeline.picture_s)
                for source in self._sources
            ]
            self._outlet = Outlet(Judge(self._network, scenes), self._queues, self._publishers, delivery)
            infer = Infer(self._network, self._queues, self._config.pipeline.max_batch)
            self._queues.progress.update(dict.fromkeys([*(one.name for one in captures), "infer", "group"], 0))
            self._captures = [Worker(one.name, one, self._on_exit) for one in captures]
            self._workers = [
                *self._captures,
                Worker("infer", infer, self._on_exit),
                Worker("group", self._outlet, self._on_exit),
            ]
            for worker in self._workers:
                worker.start()

    def _on_exit(self, worker: Worker) -> None:
        """In the thread that ends: what a failed source gave is finished, any other failure ends all at once."""
        if worker.error is None:
            self._queues.progress.pop(worker.name, None)  # what ended well is not waited for by a watchdog
            return
        self._queues.failed.set()
        with self._lock:
            self._error = self._error or worker.error
        if worker in self._captures:
            for capture in self._captures:
                capture.stop()
        else:
            self._queues.close()

    def __iter__(self) -> Iterator[FrameResult]:
        if not self._workers:
            self.start()
        return self

    def __next__(self) -> FrameResult:
        result = self._take()
        if result is None:
            raise StopIteration
        return result

    def _take(self) -> FrameResult | None:
        """The next result, None at the end; raises what ended the pipeline, and closes it in both cases.

        Another thread may close the pipeline meanwhile: that is its end, as `stop` is.
        """
        with self._lock:
            if not self._workers:
                self.start()
        try:
            return self._queues.results.get()
        except Closed:
            self.close()
        if self._error is not None:
            raise self._error
        return None

    async def __aiter__(self) -> AsyncIterator[FrameResult]:
        from asyncio import CancelledError, to_thread

        self.start()
        try:
            while (result := await to_thread(self._take)) is not None:
                yield result
        except CancelledError:
            self.stop()  # lets the helper thread that waits for a result go
            raise

    def run(self, callback: Callable[[FrameResult], object] | None = None) -> dict[str, Any]:
        """Run to the end or until `stop`, calling `callback` in this thread with every result; returns `report`."""
        with self:
            self.start(to_caller=callback is not None)
            while (result := self._take()) is not None:
                if callback is not None:
                    callback(result)
        return self.report()

    def stop(self) -> None:
        """Ask for the end: what the network has seen is still published, then iteration ends. Returns at once."""
        for worker in self._captures:
            worker.stop()
        self._queues.inbox.close()
        self._queues.results.close()

    def close(self) -> None:
        """Stop, wait for the threads, and let sources, network and publishers go; closing twice is fine."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self.stop()
        for source in self._sources:
            source.close()
        if not self._join(self._config.pipeline.stop_s):
            self._queues.close()
            self._join(GRACE_S)
        hanging = [worker.name for worker in self._workers if worker.alive]
        if hanging:
            logger.warning("these threads did not leave in time and are left behind: %s", ", ".join(hanging))
        if "infer" not in hanging:
            self._network.close()
        if not self._workers:  # else the group thread has closed them
            for publisher in self._publishers:
                publisher.close()

    def _join(self, deadline_s: float) -> bool:
        """Whether every thread has left within `deadline_s` seconds."""
        end = time.monotonic() + deadline_s
        return all(worker.join(max(0.0, end - time.monotonic())) for worker in self._workers)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
