"""What second looks cost a camera of 30 frames per second: a rule asks for one after every frame.

    python research/second_look.py

Prints drops, the time from capture to published and the time of a look, with networks of two speeds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from edgepose import LookAgain, Pipeline, Pose, Track
from edgepose.backends import BackendOptions, open_backend
from edgepose.bench.film import Projector, film
from edgepose.bench.pipeline import SWITCH_INTERVAL_S
from edgepose.types import Frame, Image

FPS = 30
N_FRAMES = 200


class Camera(Projector):
    """Shows the film live."""

    live = True

    def __init__(self, images: Sequence[Image]) -> None:
        super().__init__(images, N_FRAMES)
        self._due_s = time.monotonic()

    def read(self, timeout_s: float = 1.0) -> Frame:
        frame = super().read()
        self._due_s += 1 / FPS
        time.sleep(max(0.0, self._due_s - time.monotonic()))
        return replace(frame, t=time.monotonic())


class Curious:
    """Asks to see the first person again after every frame."""

    def update(self, tracks: Sequence[Track], t: float) -> list[LookAgain]:
        return [LookAgain((100, 50, 300, 350), 90, track.id) for track in tracks[:1]]

    def second_look(self, request: LookAgain, poses: Sequence[Pose], t: float) -> list[object]:
        return []


def main() -> None:
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with TemporaryDirectory() as folder:
        images, recording = film(Path(folder))
        for wait_ms, rules in product((4.0, 20.0), ([], [Curious()])):
            backend = open_backend(recording, BackendOptions(name="replay", wait_ms=wait_ms))
            report = Pipeline(source=Camera(images), model=backend, rules=rules, publishers=()).run()
            latency_ms = report["latency_ms"]
            print(
                f"network {wait_ms:g} ms, {'looks' if rules else 'no looks'}: {report['dropped']} dropped, "
                f"total {latency_ms['total']}, look {latency_ms.get('second_look', '-')}"
            )


if __name__ == "__main__":
    main()
