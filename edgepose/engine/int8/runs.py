"""One model file opened for a few pictures, and how sure it is that somebody is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from edgepose.backends import Backend
from edgepose.look import Network, Seen, Sight


@contextmanager
def opened(backend: Backend, input_hw: tuple[int, int]) -> Iterator[Sight]:
    """A sight with every picture fitted into one input (H, W); the backend is closed behind it."""
    network = Network(backend)
    try:
        yield Sight(network, input_hw)
    finally:
        network.close()


def clearest(seen: Seen, n_keypoints: int) -> float:
    """Largest keypoint value in a picture's heatmaps, 0 to 1: how sure the network is that somebody is there."""
    return float(np.nanmax(seen.fields.heatmaps[:n_keypoints]))
