"""What `edgepose camera test` measures of a camera, and the advice that follows from the numbers alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edgepose.errors import SourceError
from edgepose.sources.link import fingerprint

if TYPE_CHECKING:
    from edgepose.sources import Source
    from edgepose.types import Frame, Image, Pose

DARK, BRIGHT, FLAT = 45.0, 210.0, 12.0
"""Mean grey level below and above which people are hard to find, and the spread below which nothing is to be seen."""

SLOW_FPS = 8.0
"""A fall takes about 0.7 s; with fewer pictures than this per second it is seen in fewer than six."""

SMALL_PX = 50.0
"""Height of a person in network pixels below which a shin is shorter than two cells of a stride-8 map."""

STUTTER_PERIODS = 4.0
"""A pause of more than this many picture periods is a stutter."""

N_KEPT = 5
"""Pictures in which people are looked for."""

MAX_RECORDED = 100
"""Pictures read of a video or folder, which gives them faster than they were taken."""


@dataclass(frozen=True)
class Look:
    """Numbers of one look at a camera.

    size_wh: picture in pixels. frames: how many were read. fps: by capture times, dropped ones counted in.
    longest_gap_s: between two frames that were read. different: how many frames were not like the one before.
    brightness, contrast: mean and spread of grey levels, 0 to 255. sizes: how many picture sizes there were.
    kept: pictures spread over the look.
    """

    live: bool
    size_wh: tuple[int, int]
    frames: int
    fps: float
    longest_gap_s: float
    different: int
    brightness: float
    contrast: float
    sizes: int = 1
    kept: tuple[Image, ...] = ()


@dataclass(frozen=True)
class People:
    """What a network found. heights_px: of each person of the best picture, in its pixels, tallest first.

    network_scale: network pixels per picture pixel. best: that picture. poses: its people.
    """

    heights_px: tuple[float, ...] = ()
    network_scale: float = 1.0
    best: int = 0
    poses: Sequence[Pose] = field(default=())


def watch(source: Source, seconds: float) -> Look:
    """Read a camera for so many seconds, or the first pictures of a recording. SourceError when no picture came."""
    until = time.monotonic() + seconds
    times: list[float] = []
    grey: list[tuple[float, float]] = []
    kept: list[Image] = []
    sizes: set[tuple[int, ...]] = set()
    different, mark, first, last = 0, None, None, None
    while (time.monotonic() < until) if source.live else (len(times) < MAX_RECORDED):
        try:
            frame = source.read(0.5)
        except EOFError:
            break
        if frame is None:
            continue
        first, last = first or frame, frame
        times.append(frame.t)
        sizes.add(frame.image.shape)
        sample = frame.image[::4, ::4].mean(2)
        grey.append((float(sample.mean()), float(sample.std())))
        different += (seen := fingerprint(frame.image)) != mark
        mark = seen
        watched = 1 - (until - time.monotonic()) / seconds if source.live else len(times) / MAX_RECORDED
        if min(watched, 1.0) * N_KEPT > len(kept):
            kept.append(frame.image)
    if first is None or last is None:
        raise SourceError(f"camera '{source.name}' gave no picture within {seconds:g} s; is it on and uncovered?")
    brightness, contrast = np.mean(grey, 0)
    return Look(
        live=source.live,
        size_wh=(last.image.shape[1], last.image.shape[0]),
        frames=len(times),
        fps=_rate(first, last),
        longest_gap_s=float(np.diff(times).max()) if len(times) > 1 else 0.0,
        different=different,
        brightness=float(brightness),
        contrast=float(contrast),
        sizes=len(sizes),
        kept=tuple(kept),
    )


def find_people(pictures: Sequence[Image], estimate: Callable[[Image], Sequence[Pose]], network_scale: float) -> People:
    """Look for people in each picture; what is told is the picture with the most of them."""
    found = [estimate(picture) for picture in pictures]
    best = max(range(len(found)), key=lambda number: len(found[number]))
    heights = sorted((_height_px(pose) for pose in found[best]), reverse=True)
    return People(tuple(heights), network_scale, best, found[best])


def advice(look: Look, people: People | None) -> list[str]:
    """What to change, most important first; empty when all is well. people: None where no network looked."""
    said = []
    if look.contrast < FLAT:
        said.append(f"the picture is almost one colour (spread {look.contrast:.0f} of 255): uncover and focus the lens")
    elif look.brightness < DARK:
        said.append(f"too dark ({look.brightness:.0f} of 255): add light, or raise the camera's exposure")
    elif look.brightness > BRIGHT:
        said.append(f"too bright ({look.brightness:.0f} of 255): lower the exposure, or turn away from the window")
    if look.live and look.frames > 2 and look.different == 1:
        said.append("every picture is the same: the camera or its stream is frozen")
    if look.live and 0 < look.fps < SLOW_FPS:
        said.append(f"{look.fps:.1f} pictures a second are few for falls: set the camera to {SLOW_FPS:.0f} or more")
    if look.live and look.fps and look.longest_gap_s > STUTTER_PERIODS / look.fps:
        said.append(f"it stutters (a pause of {look.longest_gap_s:.1f} s): look at the network or the processor load")
    if people is not None:
        said += _advice_on_people(look, people)
    return said


def _advice_on_people(look: Look, people: People) -> list[str]:
    if not people.heights_px:
        return ["nobody was found: let someone stand where people will be, and test again"]
    smallest = people.heights_px[-1] * people.network_scale
    if smallest >= SMALL_PX:
        return []
    height = round(look.size_wh[1] * people.network_scale * SMALL_PX / max(smallest, 1.0))
    return [
        f"the smallest person is {smallest:.0f} pixels tall for the network, {SMALL_PX:.0f} are wanted: bring the "
        f"camera closer, or raise the network input to a height of {height}"
    ]


def _rate(first: Frame, last: Frame) -> float:
    return (last.seq - first.seq) / (last.t - first.t) if last.t > first.t else 0.0


def _height_px(pose: Pose) -> float:
    _, y0, _, y1 = pose.box_xyxy
    return y1 - y0 if np.isfinite(y0) else 0.0
