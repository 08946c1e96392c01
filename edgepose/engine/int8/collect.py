"""Goes through the pictures once and keeps a histogram of every tensor; can be stopped and taken up again.

What is kept after each picture is small, so a checkpoint every few seconds costs nothing and a power cut costs little.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.arrays import read_arrays
from edgepose.engine.int8.calibration_set import CalibrationSet
from edgepose.engine.int8.histogram import Histogram
from edgepose.engine.int8.pictures import Progress
from edgepose.engine.int8.probe import Probe
from edgepose.errors import ModelError
from edgepose.files import write_atomically

CHECKPOINT_S = 10.0


def collect(
    model: Any,
    names: Sequence[str],
    samples: CalibrationSet,
    checkpoint: Path,
    progress: Progress,
) -> dict[str, Histogram]:
    """Histogram of each tensor in `names` over all samples.

    checkpoint: file in which an interrupted run is continued; it is removed at the end, and left aside when it
    belongs to another model, size or set of pictures. ModelError when the network gives a value that is not finite.
    """
    key = _key(model, samples)
    histograms, n_done = _resume(checkpoint, key, names)
    probe = Probe(model, samples.spec, names)
    saved_s = time.monotonic()
    todo = samples.after(n_done)
    for k, tensor in enumerate(progress(todo.tensors(), len(todo), "pictures measured"), n_done):
        for name, values in probe(tensor).items():
            try:
                histograms[name].add(values)
            except ValueError as error:
                raise ModelError(
                    f"tensor {name!r} holds {error} on '{samples.pictures[k].path}'; check the model"
                ) from None
        if time.monotonic() - saved_s > CHECKPOINT_S:
            _save(checkpoint, key, histograms, k + 1)
            saved_s = time.monotonic()
    checkpoint.unlink(missing_ok=True)
    return histograms


def _key(model: Any, samples: CalibrationSet) -> str:
    digest = hashlib.sha256(model.SerializeToString(deterministic=True))
    digest.update("".join(picture.sha256 for picture in samples.pictures).encode())
    digest.update(str(samples.input_hw).encode())
    return digest.hexdigest()


def _save(path: Path, key: str, histograms: dict[str, Histogram], n_done: int) -> None:
    counts = np.stack([item.counts for item in histograms.values()])
    limits = np.array([[item.limit, item.amax] for item in histograms.values()])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, key=key, n_done=n_done, names=list(histograms), counts=counts, limits=limits)
    write_atomically(path, buffer.getvalue())


def _resume(path: Path, key: str, names: Sequence[str]) -> tuple[dict[str, Histogram], int]:
    fresh = {name: Histogram() for name in names}
    try:
        saved = read_arrays(path, ("key", "names", "counts", "limits", "n_done"))
        if str(saved["key"]) != key or [str(name) for name in saved["names"]] != list(names):
            return fresh, 0
        for name, counts, limits in zip(names, saved["counts"], saved["limits"], strict=True):
            fresh[name] = Histogram.restored(counts, *limits)
        return fresh, int(saved["n_done"])
    except (ValueError, TypeError):  # DataError is a ValueError
        return {name: Histogram() for name in names}, 0
