"""What is wrong right now, gathered from every stage: said in the log, and to the publishers that can tell somebody."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

from edgepose.health import Reason, Reasons, Trouble
from edgepose.publish import Publisher

log = logging.getLogger(__name__)

Noticed = Callable[[], Iterable[tuple[str | None, Trouble]]]
"""Gives what one part of the pipeline notices now, each with its camera, None for the device."""

Own = Callable[[], Iterable[Reason]]
"""Gives what one part keeps as reasons itself."""


class Troubles:
    """Used by the group thread.

    noticed: asked with every `tell`. now_and_then: asked with `look` only. own: reasons that others made.
    """

    def __init__(
        self, publishers: Sequence[Publisher], noticed: Sequence[Noticed], now_and_then: Sequence[Noticed], own: Own
    ) -> None:
        self._publishers = publishers
        self._noticed = noticed
        self._now_and_then = now_and_then
        self._own = own
        self._reasons = Reasons()
        self._known: list[tuple[str | None, Trouble]] = []
        self._slow: list[tuple[str | None, Trouble]] = []
        self._ours: tuple[Reason, ...] = ()
        self._told: tuple[Reason, ...] = ()

    @property
    def now(self) -> tuple[Reason, ...]:
        """What was said last; any thread may ask."""
        return self._told

    def look(self) -> None:
        """Ask also for what changes slowly."""
        self._slow = [one for ask in self._now_and_then for one in ask()]

    def tell(self) -> None:
        """Say what has changed since the last call."""
        found = [*self._slow, *(one for ask in self._noticed for one in ask())]
        if found != self._known:
            for camera, one in found:
                if (camera, one) not in self._known:
                    log.warning("%s%s: %s", f"{camera}: " if camera else "", one.code, one.hint)
            for camera, one in self._known:
                if (camera, one) not in found:
                    log.info("%s%s: well again", f"{camera}: " if camera else "", one.code)
            self._known = found
            self._ours = self._reasons.update(found)
        reasons = (*self._own(), *self._ours)
        if reasons != self._told:
            self._told = reasons
            for publisher in self._publishers:
                tell = getattr(publisher, "tell_troubles", None)
                if tell is not None:
                    tell(reasons)
