"""One picture per clip: skeletons at eight moments, and below them heights, states and events over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from edgepose.events.measure import measure
from edgepose.events.motion import Motion
from edgepose.overlay import draw
from edgepose.replay.recording import Recording
from edgepose.replay.rules import Told
from edgepose.tracking import Tracker, TrackerOptions
from edgepose.types import Image, Track

MOMENTS = 8
WIDTH, THUMB_W, CHART_H, MARGIN = 1200, 150, 260, 24
PAPER, INK, GRID = (252, 252, 252), (40, 40, 40), (215, 215, 215)
COLOURS = ((180, 90, 20), (30, 130, 30), (150, 40, 150), (20, 120, 190), (90, 90, 90))
MARK, TRUTH = (30, 30, 210), (0, 150, 0)
TOP = 1.0  # body heights at the upper edge of the chart


def draw_timeline(
    recording: Recording,
    told: Sequence[Told],
    title: str,
    tracking: TrackerOptions,
    impact_s: float | None = None,
) -> Image:
    """The picture, uint8 BGR: shoulder height over the floor per person, events in red, the true impact in green."""
    tracker = Tracker(tracking)
    frames: list[tuple[float, Sequence[Track]]] = []
    sizes: list[tuple[int, int]] = []
    for frame in recording.frames:
        tracks = frame.people if recording.tracked else tracker.update(frame.people, frame.t)  # type: ignore[arg-type]
        frames.append((frame.t, tracks))  # type: ignore[arg-type]
        sizes.append(frame.size_wh or recording.size_wh)
    thumb_h = round(THUMB_W * recording.size_wh[1] / recording.size_wh[0])
    canvas = np.full((MARGIN * 4 + thumb_h + CHART_H, WIDTH, 3), PAPER, np.uint8)
    _write(canvas, title, (6, 16))
    for i, number in enumerate(_moments(frames, told)):
        t, tracks = frames[number]
        blank = np.full((sizes[number][1], sizes[number][0], 3), 235, np.uint8)
        thumb = cv2.resize(draw(blank, tracks), (THUMB_W - 4, thumb_h), interpolation=cv2.INTER_AREA)
        canvas[MARGIN : MARGIN + thumb_h, i * THUMB_W + 2 : (i + 1) * THUMB_W - 2] = thumb
        _write(canvas, f"{t:.2f} s", (i * THUMB_W + 4, MARGIN + thumb_h - 4))
    _chart(canvas, 3 * MARGIN + thumb_h, frames, told, impact_s)
    return canvas


def _moments(frames: Sequence[tuple[float, Sequence[Track]]], told: Sequence[Told]) -> list[int]:
    """Frames worth showing: evenly over the clip, or around the first fall that was told."""
    falls = [one.event.t for one in told if one.event.kind == "fall"]
    first_t, last_t = frames[0][0], frames[-1][0]
    if falls:
        first_t, last_t = max(first_t, falls[0] - 2.0), min(last_t, falls[0] + 2.0)
    times = np.array([t for t, _ in frames])
    return [int(np.abs(times - t).argmin()) for t in np.linspace(first_t, last_t, MOMENTS)]


def _chart(
    canvas: Image,
    top: int,
    frames: Sequence[tuple[float, Sequence[Track]]],
    told: Sequence[Told],
    impact_s: float | None,
) -> None:
    first_t, last_t = frames[0][0], frames[-1][0]

    def x_of(t: float) -> int:
        return round(30 + (t - first_t) / max(last_t - first_t, 1e-6) * (WIDTH - 40))

    def y_of(height: float) -> int:
        return round(top + CHART_H * (1 - min(max(height, 0.0), TOP) / TOP))

    for height in (0.0, 0.25, 0.5, 0.75, 1.0):
        cv2.line(canvas, (30, y_of(height)), (WIDTH - 10, y_of(height)), GRID, 1)
        _write(canvas, f"{height:g}", (2, y_of(height) + 4))
    _write(canvas, "shoulders over the floor, body heights", (36, top - 6))
    bottom = top + CHART_H
    for second in ticks(first_t, last_t):
        cv2.line(canvas, (x_of(second), bottom), (x_of(second), bottom + 4), INK, 1)
        _write(canvas, f"{second:g} s", (min(x_of(second) - 10, WIDTH - 50), bottom + 18))
    for track_id, points in _heights(frames).items():
        colour = COLOURS[track_id % len(COLOURS)]
        for (t0, a), (t1, b) in pairwise(points):
            if t1 - t0 < 0.5:
                cv2.line(canvas, (x_of(t0), y_of(a)), (x_of(t1), y_of(b)), colour, 2, cv2.LINE_AA)
        if points:
            _write(canvas, f"{track_id}", (x_of(points[-1][0]) - 12, y_of(points[-1][1]) - 6))
    if impact_s is not None:
        cv2.line(canvas, (x_of(impact_s), top), (x_of(impact_s), top + CHART_H), TRUTH, 1)
    falls = [one.event for one in told if one.event.kind == "fall"]
    for i, event in enumerate(falls):
        cv2.line(canvas, (x_of(event.t), top), (x_of(event.t), top + CHART_H), MARK, 1)
        _write(
            canvas,
            f"{event.stage} {event.track_id or ''}",
            (min(x_of(event.t) + 3, WIDTH - 130), top + 12 + 14 * (i % 6)),
        )


def ticks(first_t: float, last_t: float, most: int = 12) -> list[float]:
    """Round seconds of an axis, at most about `most` of them: steps of 1, 2 or 5 times a power of ten."""
    least = max(last_t - first_t, 1e-3) / most
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= least)
    return [round(step * n, 6) for n in range(math.ceil(first_t / step), math.floor(last_t / step) + 1)]


def _heights(frames: Sequence[tuple[float, Sequence[Track]]]) -> dict[int, list[tuple[float, float]]]:
    """(second, shoulder height in body heights) per track, where it can be measured."""
    motions: dict[int, Motion] = {}
    points: dict[int, list[tuple[float, float]]] = {}
    for t, tracks in frames:
        for track, body in zip(tracks, measure(tracks), strict=True):
            if track.missing_s > 0 or not body.measurable:
                continue
            motion = motions.setdefault(track.id, Motion())
            motion.see(body, t, keep_height=motion.shoulders < 0.4)
            if math.isfinite(motion.shoulders):
                points.setdefault(track.id, []).append((t, motion.shoulders))
    return points


def _write(canvas: Image, text: str, at: tuple[int, int]) -> None:
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)
