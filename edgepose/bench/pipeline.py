"""Pipeline efficiency: achieved rate as a share of the fastest that the stages allow.

    bound = min(1 / slowest thread, cores / CPU seconds per frame)

The stages are timed one after the other in one thread; the pipeline then runs the same frames. Both are repeated in
turn and the median of the ratios is told, because other programs come and go. The network waits without using the
CPU, as a network on a GPU does, and answers with the fields of ten people.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory

from edgepose.backends import BackendOptions, open_backend
from edgepose.bench import Figure, Material
from edgepose.bench.film import Projector, film
from edgepose.config import Config, PipelineOptions
from edgepose.look.network import Network
from edgepose.pipeline import Pipeline
from edgepose.pipeline.scene import Scenes
from edgepose.types import Image

SWITCH_INTERVAL_S = 1e-4
"""As `edgepose run` sets it."""

ROUNDS = 5
N_FRAMES = 150
REACH = {2.0: 0.85, 4.0: 0.98, 8.0: None}
"""Wait of the network in milliseconds, and the efficiency asked for."""


@dataclass(frozen=True, slots=True)
class Stages:
    """Seconds per frame in each of the three threads, and CPU seconds per frame of all; means, as rates are."""

    capture_s: float
    infer_s: float
    group_s: float
    cpu_s: float

    @property
    def bound_fps(self) -> float:
        cores = len(os.sched_getaffinity(0))
        return min(1 / max(self.capture_s, self.infer_s, self.group_s), cores / self.cpu_s)


def measure(material: Material) -> list[Figure]:
    """Efficiency at 2, 4 and 8 ms, with the bound and the achieved frames per second."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    figures = []
    try:
        with TemporaryDirectory() as folder:
            images, recording = film(Path(folder))
            for wait_ms, reach in REACH.items():
                bound_fps, fps, efficiency = efficiency_at(images, recording, wait_ms)
                name = f"pipeline_efficiency_{wait_ms:g}ms"
                figures += [
                    Figure(name, round(efficiency, 3), at_least=reach),
                    Figure(f"{name}_fps", round(fps, 1), "1/s"),
                    Figure(f"{name}_bound", round(bound_fps, 1), "1/s"),
                ]
    finally:
        sys.setswitchinterval(before)
    return figures


def efficiency_at(images: Sequence[Image], recording: Path, wait_ms: float) -> tuple[float, float, float]:
    """Medians over the rounds of bound (1/s), achieved (1/s) and their ratio."""
    bounds, achieved = [], []
    for _ in range(ROUNDS):
        bounds.append(alone(images, recording, wait_ms).bound_fps)
        achieved.append(threaded_fps(images, recording, wait_ms))
    ratios = [fps / bound for fps, bound in zip(achieved, bounds, strict=True)]
    return median(bounds), median(achieved), median(ratios)


def alone(images: Sequence[Image], recording: Path, wait_ms: float, n_frames: int = N_FRAMES) -> Stages:
    """Time every stage in this thread, one after the other."""
    backend = open_backend(recording, BackendOptions(name="replay", wait_ms=wait_ms))
    network = Network(backend)
    preparer, scenes = network.preparer(), Scenes(Config().tracking, [])
    projector = Projector(images, n_frames)
    marks = []
    cpu_began = time.process_time()
    for _ in range(n_frames):
        began = time.perf_counter()
        frame = projector.read()
        prepared = preparer(frame.image)
        ready = time.perf_counter()
        fields = network.infer([prepared.tensor])[0]
        inferred = time.perf_counter()
        scenes.update(frame, network.poses(fields, prepared.letterbox), {})
        marks.append((ready - began, inferred - ready, time.perf_counter() - inferred))
    cpu_s = (time.process_time() - cpu_began) / n_frames
    backend.close()
    capture_s, infer_s, group_s = (fmean(column) for column in zip(*marks, strict=True))
    return Stages(capture_s, infer_s, group_s, cpu_s)


def threaded_fps(images: Sequence[Image], recording: Path, wait_ms: float, n_frames: int = N_FRAMES) -> float:
    """Frames per second of the pipeline on the same frames, one picture per inference."""
    backend = open_backend(recording, BackendOptions(name="replay", wait_ms=wait_ms))
    config = Config(pipeline=PipelineOptions(max_batch=1))
    running = Pipeline(config, source=Projector(images, n_frames), model=backend, rules=(), publishers=())
    return float(running.run()["fps"])
