"""A real `edgepose run` that sees somebody fall, and cameras that are lost or change while it does.

    python -m research.faults.service CONFIG.toml losing 0.5 3.0      # away 0.5 s after the first suspicion, for 3 s
    python -m research.faults.service CONFIG.toml changing 0.5        # another picture size from then on

Without these words the harness starts `edgepose run` itself. The network is the replay of a perfect one on a person of
numbers who falls at second FALL_S; its pictures are grey, since nobody looks at them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from real_broker import wait_for

from edgepose.backends.recording import RecordingWriter
from edgepose.decode.render import render_fields
from edgepose.errors import SourceError
from edgepose.model import ModelSpec
from edgepose.sources.live import LiveSource
from edgepose.sources.options import SourceOptions
from edgepose.sources.people import Scene, SceneOptions
from edgepose.sources.reader import Shot
from research.faults import ROOT

FPS, FALL_S, SECONDS = 15.0, 3.0, 60.0
SIZE_WH = 160, 120
LIVE = "synthetic://?live=true&frames=0&people=1&width=160&height=120&fps=15"


def recorded_fall(folder: Path) -> Path:
    """A recording of the fields of a perfect network: one person walks, falls at FALL_S, and lies."""
    scene = Scene(SceneOptions(people=1, size=0.8, width=SIZE_WH[0], height=SIZE_WH[1], fps=FPS, fall_s=FALL_S))
    path, input_hw = folder / "fall.npz", SIZE_WH[::-1]
    if not path.exists():
        with RecordingWriter(path, ModelSpec(name="fall", input_hw=input_hw), input_hw) as recording:
            for k in range(int(FPS * SECONDS)):
                poses = scene.poses(min(k / FPS, 20.0))  # lies still from then on
                recording.append(render_fields([pose.keypoints for pose in poses], input_hw, sigma_px=4.0))
    return path


class Service:
    """The process. words: what `edgepose run` says on stderr, a line each, with the monotonic second it came."""

    def __init__(self, folder: Path, url: str, *camera: str, spool: Path | None = None, more: str = "") -> None:
        config = folder / "edgepose.toml"
        config.write_text(
            f'[model]\npath = "{recorded_fall(folder)}"\nbackend.name = "replay"\n'
            f'[[sources]]\nuri = "{LIVE}"\nname = "hall"\n[mqtt]\nurl = "{url}"\ndevice = "jetson"\n'
            f'[alerts]\nspool = "{spool or folder / "alerts.db"}"\n{more}\n'
        )
        run = ["edgepose", "run", "--config", str(config)]
        verb = ["research.faults.service", str(config), *camera] if camera else run
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.words: list[tuple[float, str]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", *verb],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths, "MALLOC_ARENA_MAX": "2"},  # as the unit has it
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.words.append((time.monotonic(), line.strip()))

    def said(self, word: str) -> bool:
        """Whether a line holds `word`."""
        return any(word in line for _, line in self.words)

    def wait(self, word: str, timeout_s: float = 40.0) -> bool:
        return wait_for(lambda: self.said(word), timeout_s)

    def end(self, sign: int) -> int:
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.process.wait(20)


class GreyReader:
    """Pictures at FPS of a size that may change; the link breaks where `is_lost` says so."""

    period_s = 1 / FPS
    skipped = 0

    def __init__(self, size_wh: Callable[[], tuple[int, int]], is_lost: Callable[[], bool]) -> None:
        self._size_wh = size_wh
        self._is_lost = is_lost
        self._n = 0

    def read(self) -> Shot:
        time.sleep(self.period_s)
        if self._is_lost():
            raise SourceError("the cable is out")
        width, height = self._size_wh()
        self._n += 1
        return Shot(np.full((height, width, 3), self._n % 200, np.uint8), None)

    def close(self) -> None:
        """Nothing is held."""


def main() -> None:
    from edgepose.cli.signals import ending_on_signals
    from edgepose.config import load_config
    from edgepose.pipeline import Pipeline

    config, kind, *words = sys.argv[1:]
    begin_s, last_s = float(words[0]), float(words[1]) if len(words) > 1 else SECONDS
    suspected: list[float] = []

    def is_now() -> bool:
        return bool(suspected) and 0 <= time.monotonic() - suspected[0] - begin_s < last_s

    def is_lost() -> bool:
        return kind == "losing" and is_now()

    def size_wh() -> tuple[int, int]:
        return (2 * SIZE_WH[0], 2 * SIZE_WH[1]) if kind == "changing" and is_now() else SIZE_WH

    def connect() -> GreyReader:
        if is_lost():
            raise SourceError("camera 'hall' is away")
        return GreyReader(size_wh, is_lost)

    camera = LiveSource("hall", "camera 'hall'", connect, SourceOptions(backoff_first_s=0.2, backoff_max_s=0.5))
    with (
        Pipeline(load_config(config), source=[camera], keep_images=False) as pipeline,
        ending_on_signals(pipeline.stop),
    ):
        for result in pipeline:
            for event in result.events:
                if event.stage == "suspected":
                    suspected.append(time.monotonic())
                print(f"{event.kind} {event.stage}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
