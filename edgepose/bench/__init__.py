"""Measurements of EdgePose on this machine: each file measures one thing and returns figures by name.

Ratios are taken within one run and figures are medians, so that they mean something on a machine that does other
things too. `edgepose bench` prints them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

BENCHES: dict[str, str] = {
    "grouping": "what making people of a network's maps costs, beside a pass that only reads them",
    "pipeline": "share of the fastest possible rate that the threads reach, with a network that waits like a GPU",
    "publish": "what one frame's messages cost",
    "startup": "import and --help beside importing numpy",
    "memory": "peak memory of edgepose run",
    "backends": "the runtimes installed here, side by side",
}
"""Benchmarks by name, which is also the module that holds `measure`, with what each tells."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. at_least, at_most: what the project wants it to be."""

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the number is where it should be; None where nothing is asked of it."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most


@dataclass(frozen=True, slots=True)
class Material:
    """What to measure with. video: for the memory; model: for the backends. None takes what is always there."""

    video: str | None = None
    model: str | None = None


def measure(name: str, material: Material = Material()) -> list[Figure]:
    """Run one benchmark of BENCHES."""
    function = cast("Callable[[Material], list[Figure]]", import_module(f"edgepose.bench.{name}").measure)
    return function(material)
