"""Compact JSON of everything that leaves: NaN and infinity become null, numpy numbers and arrays plain ones."""

from __future__ import annotations

from typing import Any

import msgspec


def plain(value: Any) -> Any:
    """Encoder hook: numpy scalars and arrays as numbers and lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise NotImplementedError(f"{type(value).__name__} does not fit into JSON")


_ENCODER = msgspec.json.Encoder(enc_hook=plain)


def encode(message: Any) -> bytes:
    """One value as compact JSON. NotImplementedError names a type that does not fit."""
    return _ENCODER.encode(message)
