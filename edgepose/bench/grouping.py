"""What grouping costs: the native call beside a pass that only reads the maps, and `group` with its Pose objects.

The maps are drawn from synthetic people at 368x656, stride 8, as a perfect network would give them, with a little
noise. One thread; the three calls take turns, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np

from edgepose.bench import Figure, Material
from edgepose.decode import Grouper, GroupOptions, group
from edgepose.decode.grouper import native_core
from edgepose.decode.render import render_fields
from edgepose.skeleton import BODYPOSENET_18
from edgepose.sources.people import Scene, SceneOptions
from edgepose.types import Fields

INPUT_HW = (368, 656)
CROWDS = (1, 10, 30)
AT_MOST = {10: 6.0, 30: 28.0}
N_SCENES = 3
N_CALLS = 200
NOISE = 0.01


def measure(material: Material) -> list[Figure]:
    """Milliseconds per picture and their ratio, for 1, 10 and 30 people."""
    figures = []
    for n_people in CROWDS:
        read_ms, native_ms, group_ms = _times_ms([crowd_fields(n_people, seed) for seed in range(N_SCENES)])
        name = f"grouping_{n_people}_people"
        figures += [
            Figure(f"{name}_read_ms", round(read_ms, 4), "ms"),
            Figure(f"{name}_native_ms", round(native_ms, 4), "ms"),
            Figure(f"{name}_ratio", round(native_ms / read_ms, 2), "x reading", at_most=AT_MOST.get(n_people)),
            Figure(f"{name}_group_ms", round(group_ms, 4), "ms"),
        ]
    return figures


def crowd_fields(n_people: int, seed: int) -> Fields:
    """Fields of a synthetic crowd; the more people, the smaller they are."""
    height, width = INPUT_HW
    size = 0.75 * min(1.0, (5 / n_people) ** 0.38)
    scene = Scene(SceneOptions(people=n_people, width=width, height=height, seed=seed, size=size))
    fields = render_fields([pose.keypoints for pose in scene.poses(0.0)], INPUT_HW)
    rng = np.random.default_rng(seed)
    for maps in (fields.heatmaps, fields.pafs):
        maps += rng.normal(0, NOISE, maps.shape).astype(np.float32)
    return fields


def _times_ms(scenes: list[Fields]) -> tuple[float, float, float]:
    """Median milliseconds to read the maps, to group them in the native call, and of `group`."""
    turns = [turn for fields in scenes for turn in _take_turns(fields)]
    read, native, whole = (median(column) * 1e3 for column in zip(*turns, strict=True))
    return read, native, whole


def _take_turns(fields: Fields) -> list[tuple[float, float, float]]:
    """Seconds of each of the three calls, over and over. Without the native core `Grouper` stands in for it."""
    heatmaps, pafs = fields.heatmaps, fields.pafs
    core, grouper = native_core(BODYPOSENET_18, GroupOptions()), Grouper()

    def native() -> object:
        return grouper(fields) if core is None else core.group(heatmaps, pafs, 8.0, 8.0)

    return [
        (_seconds(lambda: (heatmaps.max(), pafs.max())), _seconds(native), _seconds(lambda: group(heatmaps, pafs)))
        for _ in range(N_CALLS)
    ]


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
