"""Which outputs of a graph are heatmaps and which PAFs, in which axis order and at which stride.

Channel counts alone do not tell: the map of an input of 256x456 is 57 cells wide, as many as OpenPose's one tensor has
channels. So an axis order is taken only where height and width give one and the same stride; where several readings
are left, names decide, then one axis order for both, that of the graph's own input first, then the last stage.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from edgepose.model.graph import Graph, Port
from edgepose.model.spec import Layout, OutputSpec

LAYOUTS: tuple[Layout, Layout] = ("NCHW", "NHWC")
MAX_STRIDE = 64

_PAF_NAMES = re.compile(r"paf|affinit|limb|_L1(\W|$)", re.IGNORECASE)  # ..._L1: OpenPose's branch of PAFs
_HEATMAP_NAMES = re.compile(r"heat|cmap|conf|belief|hmap|keypoint|_L2(\W|$)", re.IGNORECASE)
_STAGE = re.compile(r"stage_?(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take an output. place: among the outputs. stride: None where the graph leaves sizes free."""

    port: Port
    place: int
    layout: Layout
    stride: float | None

    def spec(self, stride: float) -> OutputSpec:
        """As a contract says it; stride: what to assume where the graph leaves it free."""
        return OutputSpec(name=self.port.name, layout=self.layout, stride=self.stride or stride)


def input_layouts(picture: Port) -> list[Layout]:
    """The axis orders in which an input takes three colours, the surest first; none where it takes no picture."""
    if len(picture.shape) != 4:
        return []
    sure = [layout for layout in LAYOUTS if channels_of(picture, layout) == 3]
    return sure or [layout for layout in LAYOUTS if channels_of(picture, layout) is None]


def channels_of(port: Port, layout: Layout) -> int | None:
    """Channels of a 4-axis tensor, None where the graph leaves them free."""
    return port.shape[1 if layout == "NCHW" else 3]


def plane_of(port: Port, layout: Layout) -> tuple[int | None, int | None]:
    """Height and width of a 4-axis tensor."""
    return (port.shape[2], port.shape[3]) if layout == "NCHW" else (port.shape[1], port.shape[2])


def find_pair(
    graph: Graph, layout: Layout, n_heatmaps: int, n_pafs: int, *, by_name: bool = False
) -> tuple[Reading, Reading] | None:
    """Heatmaps and PAFs as two outputs; None where there are none of these channel counts.

    by_name: also take those whose channels the graph leaves free, when they are named so.
    """
    heatmaps = list(_readings(graph, layout, n_heatmaps, _HEATMAP_NAMES, by_name=by_name))
    pafs = list(_readings(graph, layout, n_pafs, _PAF_NAMES, by_name=by_name))
    pairs = [pair for pair in product(heatmaps, pafs) if pair[0].place != pair[1].place]

    def worth(pair: tuple[Reading, Reading]) -> tuple[int, ...]:
        heat, paf = pair
        named = _named(heat.port, _HEATMAP_NAMES, _PAF_NAMES) + _named(paf.port, _PAF_NAMES, _HEATMAP_NAMES)
        stages = [_stage(reading) for reading in pair]
        return (
            named,
            heat.layout == paf.layout,
            (heat.layout == layout) + (paf.layout == layout),
            stages[0] == stages[1],
            min(stages),
            heat.place + paf.place,
        )

    return max(pairs, key=worth, default=None)


def find_one(graph: Graph, layout: Layout, n_channels: int) -> Reading | None:
    """Heatmaps and PAFs as slices of one output, the last of several stages; None where there is none."""
    found = list(_readings(graph, layout, n_channels, _HEATMAP_NAMES, by_name=False))
    return max(found, key=lambda one: (one.layout == layout, _stage(one), one.place), default=None)


def says_pafs_first(name: str) -> bool:
    """Whether an output's name puts PAFs before heatmaps, such as `pafs_heatmaps`."""
    paf, heat = _PAF_NAMES.search(name), _HEATMAP_NAMES.search(name)
    return paf is not None and heat is not None and paf.start() < heat.start()


def stride_of(pixels: tuple[int | None, int | None], cells: tuple[int | None, int | None]) -> tuple[bool, float | None]:
    """(whether one stride fits both axes, that stride; None where no axis tells).

    A map may have a cell more or less than the input's size divided by a power of two, as padding rounds.
    """
    known = [(p, c) for p, c in zip(pixels, cells, strict=True) if p is not None and c is not None]
    if not known:
        return True, None
    exact = {p / c for p, c in known}
    if len(exact) == 1 and (stride := exact.pop()).is_integer() and 1 <= stride <= MAX_STRIDE:
        return True, stride
    for power in range(int(math.log2(MAX_STRIDE)) + 1):
        stride = float(1 << power)
        if all(abs(c * stride - p) < stride for p, c in known):
            return True, stride
    return False, None


def _readings(
    graph: Graph, layout: Layout, n_channels: int, names: re.Pattern[str], *, by_name: bool
) -> Iterator[Reading]:
    pixels = plane_of(graph.inputs[0], layout)
    for place, port in enumerate(graph.outputs):
        if len(port.shape) != 4:
            continue
        counted = [axes for axes in LAYOUTS if channels_of(port, axes) == n_channels]
        if by_name and not any(channels_of(port, axes) for axes in LAYOUTS) and names.search(port.name):
            counted = [layout]  # the graph tells no channel count at all
        for axes in counted:
            fits, stride = stride_of(pixels, plane_of(port, axes))
            if fits:
                yield Reading(port, place, axes, stride)


def _named(port: Port, own: re.Pattern[str], other: re.Pattern[str]) -> int:
    """1 where a name speaks for it, -1 where it speaks for the other kind alone."""
    if own.search(port.name):
        return 1
    return -1 if other.search(port.name) else 0


def _stage(reading: Reading) -> int:
    found = _STAGE.search(reading.port.name)
    return int(found[1]) if found else -1
