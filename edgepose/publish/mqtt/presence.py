"""Who is there to hear an alert: pagers that say so on a retained topic of theirs, and Home Assistant.

That somebody subscribes proves little: a logger does, too. A pager says `online` on `pager/<name>`, and has its last
will say `offline` there; Home Assistant does the same on its own status topic.
"""

from __future__ import annotations

from collections.abc import Iterable

ABSENT_S = 50.0
"""So long away, and it is said with the next heartbeat, which is 30 s later at most. A restart takes less."""

HOME_ASSISTANT = "Home Assistant"


class Presence:
    """Notes who is there. Times are monotonic seconds.

    wanted: pagers that have to be there, whether they ever said so or not. began_s: when it begins to wait for them.
    """

    def __init__(self, wanted: Iterable[str], began_s: float) -> None:
        self._wanted = frozenset(wanted)
        self._away_s: dict[str, float | None] = dict.fromkeys(self._wanted, began_s)  # since when; None: is there

    def hear(self, name: str, payload: bytes, now_s: float) -> None:
        """Somebody says that he is there, or was made to say that he is not; empty: he is no pager any more."""
        if payload == b"online":
            self._away_s[name] = None
        elif payload or name in self._wanted:
            if self._away_s.get(name) is None:
                self._away_s[name] = now_s
        else:
            self._away_s.pop(name, None)

    def absent(self, now_s: float) -> list[str]:
        """Those who have been away for long, by name."""
        away = list(self._away_s.items())  # the other thread may add one
        return sorted(name for name, since_s in away if since_s is not None and now_s - since_s >= ABSENT_S)
