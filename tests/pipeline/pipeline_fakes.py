"""Sources, a network and a publisher made of numbers: a picture's grey value says where its one person stands."""

from __future__ import annotations

import threading
import time

import numpy as np
from builders import standing

from edgepose.backends import BackendInfo
from edgepose.decode.render import render_fields
from edgepose.model import ModelSpec
from edgepose.types import Frame

INPUT_HW = (128, 128)
SPEC = ModelSpec(name="fake", input_hw=INPUT_HW, scale=(1 / 256, 1 / 256, 1 / 256))
LEVELS = 8


def picture(level: int, hw: tuple[int, int] = INPUT_HW) -> np.ndarray:
    """A grey picture; level 0 shows nobody, level n somebody whose nose is at x = 8 + 14 n."""
    return np.full((*hw, 3), level * 16 + 8, np.uint8)


def nose_x(level: int) -> float:
    return 8 + 14.0 * level


def person(level: int) -> np.ndarray:
    return standing(feet=(nose_x(level), 120), height=110)


class PicturesSource:
    """Plays pictures: at 10 frames per second of file time, or as a live camera every `period_s` real seconds."""

    def __init__(self, pictures, name="file", *, live=False, period_s=0.0, fail_after=None):
        self.name, self.live = name, live
        self.state, self.dropped = "online", 0
        self.n_read, self.closed = 0, False
        self._pictures, self._period_s, self._fail_after = list(pictures), period_s, fail_after

    def read(self, timeout_s=1.0):
        time.sleep(self._period_s)
        if self.n_read == self._fail_after:
            raise OSError("the cable was cut")
        if self.n_read == len(self._pictures):
            raise EOFError
        t = time.monotonic() if self.live else self.n_read / 10
        frame = Frame(self._pictures[self.n_read], t, self.n_read, self.name)
        self.n_read += 1
        return frame

    def close(self):
        self.closed = True


class GreyBackend:
    """Answers each picture with the fields of the person its grey value stands for."""

    def __init__(self, *, wait_s=0.0, fail_after=None, spec=SPEC):
        self.spec, self.info = spec, BackendInfo(name="grey", version="1", device="none", precision="f32")
        self.batch_sizes, self.closed = [], False
        self._wait_s, self._fail_after = wait_s, fail_after
        people = [[], *([person(level)] for level in range(1, LEVELS))]
        fields = [render_fields(one, INPUT_HW) for one in people]
        self._heatmaps = np.stack([one.heatmaps for one in fields])
        self._pafs = np.stack([one.pafs for one in fields])

    def infer(self, batch):
        if len(self.batch_sizes) == self._fail_after:
            raise RuntimeError("the device fell off the bus")
        self.batch_sizes.append(len(batch))
        time.sleep(self._wait_s)
        levels = (batch[:, 0, 64, 64] * 16).astype(int)
        return [self._heatmaps[levels], self._pafs[levels]]

    def close(self):
        self.closed = True


class NotingPublisher:
    """Notes what it is told, and in which thread; raises in the method named `fail_in`."""

    def __init__(self, fail_in=None):
        self.calls, self.threads, self.results, self.states, self.figures = [], set(), [], [], []
        self.card = None
        self._fail_in = fail_in

    def _note(self, method):
        self.calls.append(method)
        self.threads.add(threading.current_thread().name)
        if method == self._fail_in:
            raise OSError(f"no room left to {method}")

    def open(self, card):
        self._note("open")
        self.card = card

    def publish(self, result):
        self._note("publish")
        self.results.append(result)

    def camera_state(self, source, state):
        self._note("camera_state")
        self.states.append((source, state))

    def stats(self, values):
        self._note("stats")
        self.figures.append(values)

    def close(self):
        self._note("close")


def threads_left():
    """Names of pipeline threads that still run."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("capture", "infer", "group"))]
