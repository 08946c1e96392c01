"""COCO's run lengths: a mask as the lengths of its runs of zeros and ones, down the columns from the top left.

Decoded here, because pycocotools reads beyond its memory where the text is damaged.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.annotations.numbers import pixels

MAX_RUNS = 10_000_000


def runs_of(value: Any) -> tuple[NDArray[np.int64], tuple[int, int]] | str:
    """(lengths, beginning with zeros; size (height, width)) of {"counts", "size"}, or what is wrong with it."""
    size = value.get("size")
    hw = [pixels(one) for one in size] if isinstance(size, list) and len(size) == 2 else []
    if len(hw) != 2 or hw[0] is None or hw[1] is None:
        return "run lengths without a size"
    counts = value.get("counts")
    if isinstance(counts, str):
        counts = _uncompressed(counts)
    try:
        lengths = np.asarray(counts, np.int64) if isinstance(counts, list) else None
    except (ValueError, TypeError, OverflowError):
        lengths = None
    if lengths is None or lengths.ndim != 1 or not len(lengths) or lengths.min() < 0:
        return "run lengths that are none"
    if lengths.max() > hw[0] * hw[1] or lengths.sum() > hw[0] * hw[1]:
        return f"run lengths that do not fit their size of {hw[1]} x {hw[0]} pixels"
    return lengths, (hw[0], hw[1])


def mask_of(lengths: NDArray[np.int64], hw: tuple[int, int]) -> NDArray[np.uint8]:
    """uint8 (H, W), 1 inside; what the runs leave out at the end is outside."""
    flat = np.zeros(hw[0] * hw[1], np.uint8)
    ones = np.repeat(np.arange(len(lengths)) % 2, lengths).astype(np.uint8)
    flat[: len(ones)] = ones
    return flat.reshape(hw, order="F")


def box_of(lengths: NDArray[np.int64], hw: tuple[int, int]) -> tuple[float, float, float, float] | None:
    """x, y, width, height around the ones, without drawing them; None when there are none."""
    ends = np.cumsum(lengths)
    inside = (np.arange(len(lengths)) % 2 == 1) & (lengths > 0)
    if not inside.any():
        return None
    first, last = ends[inside] - lengths[inside], ends[inside] - 1
    whole = first // hw[0] != last // hw[0]  # the run goes on in the next column: it touches bottom and top
    top = 0 if whole.any() else int((first % hw[0]).min())
    bottom = hw[0] - 1 if whole.any() else int((last % hw[0]).max())
    left, right = int(first.min() // hw[0]), int(last.max() // hw[0])
    return float(left), float(top), float(right - left + 1), float(bottom - top + 1)


def _uncompressed(text: str) -> list[int] | None:
    """COCO's compressed text: five bits a character, lowest first, each length the difference to the last but one."""
    counts: list[int] = []
    at = 0
    while at < len(text) and len(counts) < MAX_RUNS:
        value = shift = 0
        while True:
            bits = ord(text[at]) - 48
            at += 1
            if not 0 <= bits < 64 or shift > 60:
                return None
            value |= (bits & 31) << shift
            shift += 5
            if not bits & 32:
                break
            if at == len(text):
                return None
        if bits & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
    return counts
