"""Feeds a network that takes exactly so many pictures at once: pieces of that length, the last one filled up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgepose.model import ModelSpec


def filled(batch: NDArray[Any], size: int) -> NDArray[Any]:
    """A batch of at most `size` pictures made as long as that by its last picture again."""
    missing = size - len(batch)
    return batch if not missing else np.concatenate([batch, np.repeat(batch[-1:], missing, 0)])


def run_filled(run: Callable[[NDArray[Any]], list[NDArray[Any]]], batch: NDArray[Any], size: int) -> list[NDArray[Any]]:
    """What `run` gives for a batch of any length, when it takes batches of `size` only.

    What was filled up is cut off again. `run` may give memory that its next call writes to.
    """
    if len(batch) == size:
        return run(batch)
    results = []
    for start in range(0, len(batch), size):
        piece = batch[start : start + size]
        results.append([np.array(output[: len(piece)]) for output in run(filled(piece, size))])
    return [np.concatenate(parts) for parts in zip(*results, strict=True)]


def any_batch(spec: ModelSpec) -> ModelSpec:
    """The contract as a backend that fills up batches keeps it: a graph of eight pictures takes any number."""
    return spec if spec.batch == 1 else msgspec.structs.replace(spec, dynamic_batch=True)
