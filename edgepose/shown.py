"""How a message shows what it was given: short words and numbers whole, anything longer by what it is."""

from __future__ import annotations

from typing import Any


def shown(value: Any) -> str:
    """A value in the middle of a sentence; never more than a line, however long its own words are."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"an array of shape {shape}"
    words = repr(value)
    return words if len(words) <= 60 and words.isprintable() else f"{_article(value)} {type(value).__name__}"


def _article(value: Any) -> str:
    return "an" if type(value).__name__[0] in "aeiouAEIOU" else "a"
