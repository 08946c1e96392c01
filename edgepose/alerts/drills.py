"""Whether the way to a person was tried out lately: a drill that reached somebody, as often as was asked for."""

from __future__ import annotations

from datetime import datetime

from edgepose.health import Trouble

CODE = "drill_overdue"
_DAY_S = 86_400.0


def overdue(last_ok: str | None, days: float, now_s: float) -> tuple[Trouble, ...]:
    """The trouble, where the last drill that reached somebody is older than `days`; none where 0 days are asked for.

    last_ok: RFC 3339, None before the first. now_s: epoch seconds; a clock that is not set yet says nothing.
    """
    if not days:
        return ()
    then_s = 0.0 if last_ok is None else datetime.fromisoformat(last_ok.replace("Z", "+00:00")).timestamp()
    if now_s - then_s <= days * _DAY_S:
        return ()
    since = (
        "no drill has reached anybody yet" if last_ok is None else f"no drill has reached anybody since {last_ok[:10]}"
    )
    return (Trouble(CODE, f"{since}: send one with edgepose alert test"),)
