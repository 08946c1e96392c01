"""Rules and publishers of others: one that fails is said by name, and everything else goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgepose.events import Rule
from edgepose.health import Reason, Trouble, reason_now
from edgepose.publish import Publisher
from edgepose.types import CameraState, Event, FrameResult, LookAgain, Track

log = logging.getLogger(__name__)


class GuardedRule:
    """A rule that may fail in a frame: it has found nothing there, and `troubles` says so until it works again."""

    def __init__(self, name: str, rule: Rule) -> None:
        self._name = name
        self._rule = rule
        self._failed: tuple[Trouble, ...] = ()
        for optional in ("second_look", "look_refused", "abandon"):
            method = getattr(rule, optional, None)
            if method is not None:
                setattr(self, optional, self._guarded(method))

    def update(self, tracks: Sequence[Track], t: float) -> Sequence[Event | LookAgain]:
        found: Sequence[Event | LookAgain] = self._guarded(self._rule.update)(tracks, t) or ()
        return found

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        return (*self._failed, *getattr(self._rule, "troubles", ()))

    def _guarded(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            try:
                answer = method(*given)
                events = None if answer is None else list(answer)
            except Exception as error:
                if not self._failed:
                    log.exception("rule plugin %r failed", self._name)
                self._failed = (Trouble("plugin_failed", said("rule", self._name, error)),)
                return ()
            self._failed = ()
            return events

        return call


class GuardedPublisher:
    """A publisher that may fail: the others go on, and `troubles` says so until it works again."""

    def __init__(self, name: str, publisher: Publisher) -> None:
        self._name = name
        self._publisher = publisher
        self._failed: dict[str, Reason] = {}

    def __getattr__(self, name: str) -> Any:
        """What a publisher may leave out (`use_desk`, `tell_card`, ...) is there where the plugin has it."""
        found = getattr(self.__dict__["_publisher"], name)
        return self._guarded(name) if callable(found) else found

    @property
    def troubles(self) -> tuple[Reason, ...]:
        return (*self._failed.values(), *getattr(self._publisher, "troubles", ()))

    def open(self, card: Mapping[str, Any]) -> None:
        self._guarded("open")(card)

    def publish(self, result: FrameResult) -> None:
        self._guarded("publish")(result)

    def camera_state(self, source: str, state: CameraState) -> None:
        self._guarded("camera_state")(source, state)

    def stats(self, values: Mapping[str, Any]) -> None:
        self._guarded("stats")(values)

    def close(self) -> None:
        self._guarded("close")()

    def _guarded(self, name: str) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            try:
                answer = getattr(self._publisher, name)(*given)
            except Exception as error:
                if name not in self._failed:
                    log.exception("publisher plugin %r failed in %s", self._name, name)
                    hint = said("publisher", self._name, error)
                    self._failed = {**self._failed, name: reason_now("plugin_failed", hint)}
                return None
            self._failed.pop(name, None)
            return answer

        return call


def said(kind: str, name: str, error: Exception) -> str:
    """What a person is told of a plugin that failed."""
    words = f"{type(error).__name__}: {error}".splitlines()[0]
    return f"the {kind} plugin {name!r} fails ({words}); everything else goes on: mend it, or take it out"
