"""The network behind everything that is measured end to end, and where the people it found are kept."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgepose.backends import open_backend
from edgepose.config import Config
from edgepose.look import Network
from edgepose.model import model_path
from edgepose.replay.found import Change, FoundPeople

MODEL, HEIGHT = "edgepose-lite.int8", 256
"""The shipped network for a board, at the height that `fall-eval --videos` is quoted with."""


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=MODEL, help=f"network that finds the people (default: {MODEL})")
    parser.add_argument("--height", type=int, default=HEIGHT, help=f"height of its input (default: {HEIGHT})")
    parser.add_argument("--cache", type=Path, default=Path(".cache/falls"), help="where people and verdicts are kept")


@contextmanager
def opened(model: str, height: int) -> Iterator[tuple[Network, str]]:
    """The network, and the words that tell it and its input from others."""
    path, config = model_path(model), Config()
    backend = open_backend(path, config.model.backend)
    network = Network(backend, height, config.decode, path)
    try:
        yield network, f"{backend.spec.name} {network.sha256} {height}"
    finally:
        network.close()


def found_people(network: Network, key: str, cache: Path, every: int, change: Change | None = None) -> FoundPeople:
    """Whom the network finds, kept beside what other measurements with the same network keep."""
    return FoundPeople(network, key, Config().decode, cache / "people", every, change)
