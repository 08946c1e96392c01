"""What grouping costs: the native call beside a pass that only reads the maps, and `group` with its Pose objects.

The maps are drawn from synthetic people at 368x656, stride 8, as a perfect network would give them, with a little
noise. One thread; the three take turns of a few calls each, so that a busy machine slows all of them alike.
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
N_TURNS = 20
N_CALLS = 10
NOISE = 0.01
HIDDEN = 0.15


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
    """Fields of walkers all over the picture; the more there are, the smaller, and some of each is hidden."""
    rng = np.random.default_rng(seed)
    height, width = INPUT_HW
    walkers = Scene(SceneOptions(people=n_people, width=1000, height=1000, seed=seed, size=1.0)).figures(0.0)
    people = []
    for walker in walkers:
        keypoints = walker.copy()
        person_px = 0.62 * height * min(1.0, (5 / n_people) ** 0.38) * rng.uniform(0.7, 1.3)
        middle = (rng.uniform(0, width), rng.uniform(0.3, 0.8) * height)
        tall = np.nanmax(walker[:, 1]) - np.nanmin(walker[:, 1])
        keypoints[:, :2] = (walker[:, :2] - np.nanmean(walker[:, :2], 0)) * (person_px / tall) + middle
        inside = ((keypoints[:, :2] >= 0) & (keypoints[:, :2] < (width, height))).all(1)
        keypoints[:, 2] = np.where(inside & (rng.random(len(keypoints)) > HIDDEN), rng.uniform(0.3, 1), 0)
        people.append(keypoints)
    fields = render_fields(people, INPUT_HW)
    for maps in (fields.heatmaps, fields.pafs):
        maps += rng.normal(0, NOISE, maps.shape).astype(np.float32)
    return fields


def _times_ms(scenes: list[Fields]) -> tuple[float, float, float]:
    """Median milliseconds to read the maps, to group them in the native call, and of `group`.

    Without the native core `Grouper` stands in for it.
    """
    seconds: tuple[list[float], list[float], list[float]] = ([], [], [])
    for fields in scenes:
        calls = _calls(fields)
        for _ in range(N_TURNS):
            for call, into in zip(calls, seconds, strict=True):
                into += [_seconds(call) for _ in range(N_CALLS)]
    read, native, whole = (median(column) * 1e3 for column in seconds)
    return read, native, whole


def _calls(fields: Fields) -> tuple[Callable[[], object], ...]:
    heatmaps, pafs = fields.heatmaps, fields.pafs
    core, grouper = native_core(BODYPOSENET_18, GroupOptions()), Grouper()

    def native() -> object:
        return grouper(fields) if core is None else core.group(heatmaps, pafs, 8.0, 8.0)

    return lambda: (heatmaps.max(), pafs.max()), native, lambda: group(heatmaps, pafs)


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
