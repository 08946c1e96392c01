"""Events as they come from any rule, made fit to be kept and sent: a poisoned one must not stop those behind it.

A user's rule may put anything into an event. What JSON cannot say, or what is too large for a broker, is mended here,
once, when the event is taken, and the alert notes what was done.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edgepose.encoding import encode
from edgepose.types import Event

MAX_TEXT = 500
"""Characters of one text."""

MAX_ITEMS = 64
"""Entries of one list or mapping."""

MAX_DEPTH = 4
MAX_BYTES = 8192
"""Encoded evidence; the largest entries go first. A broker that takes less than 10 kB is rare."""


def mended(event: Event, now: float) -> tuple[Event, tuple[str, ...]]:
    """The event with plain values only, and what was changed, in words. now: stands for a `t` that is no number."""
    notes: list[str] = []
    t = _number(event.t, now, "t", notes)
    started_t = None if event.started_t is None else _number(event.started_t, t, "started_t", notes)
    score = min(1.0, max(0.0, _number(event.score, 0.0, "score", notes)))
    track_id = event.track_id
    if track_id is not None and not (isinstance(track_id, int) and abs(track_id) < 2**53):
        track_id = None
        notes.append("track_id was no number")
    evidence = _small(_plain(event.evidence if isinstance(event.evidence, Mapping) else {}, notes), notes)
    fit = replace(
        event,
        kind=_text(event.kind),
        stage=_text(event.stage),
        t=t,
        started_t=started_t,
        score=score,
        track_id=track_id,
        zone=None if event.zone is None else _text(event.zone),
        episode=event.episode if isinstance(event.episode, (str, int)) else None,
        evidence=evidence,
    )
    return fit, tuple(dict.fromkeys(notes))


def _number(value: Any, otherwise: float, name: str, notes: list[str]) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number) and abs(number) < 1e12:
        return number
    notes.append(f"{name} was no number")
    return otherwise


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else _shown(value)
    return text.encode("utf-8", "replace").decode()[:MAX_TEXT]


def _shown(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # somebody else's __str__
        return type(value).__name__


def _plain(evidence: Mapping[Any, Any], notes: list[str]) -> dict[str, Any]:
    return {_text(key): _value(value, 1, notes) for key, value in list(evidence.items())[:MAX_ITEMS]}


def _value(value: Any, depth: int, notes: list[str]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            notes.append("a long text was cut")
        return _text(value)
    if hasattr(value, "tolist") and not isinstance(value, (bytes, bytearray)):
        value = value.tolist() if getattr(value, "size", 1) <= MAX_ITEMS else f"array of {getattr(value, 'shape', '?')}"
        return _value(value, depth, notes)
    if isinstance(value, (int, float)):
        return value if isinstance(value, int) and abs(value) < 2**53 else _finite(value)
    if depth < MAX_DEPTH and isinstance(value, Mapping):
        return {_text(key): _value(one, depth + 1, notes) for key, one in list(value.items())[:MAX_ITEMS]}
    if depth < MAX_DEPTH and isinstance(value, (list, tuple, set, frozenset)):
        return [_value(one, depth + 1, notes) for one in list(value)[:MAX_ITEMS]]
    notes.append(f"{type(value).__name__} was written as text")
    return _text(value) if not isinstance(value, (bytes, bytearray)) else f"{len(value)} bytes"


def _finite(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _small(evidence: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """The evidence without its largest entries, where it is larger than MAX_BYTES."""
    sizes = {key: len(encode({key: value})) for key, value in evidence.items()}
    while sum(sizes.values()) > MAX_BYTES:
        largest = max(sizes, key=lambda key: sizes[key])
        notes.append(f"{largest[:40]} was too large")
        del sizes[largest], evidence[largest]
    return evidence
