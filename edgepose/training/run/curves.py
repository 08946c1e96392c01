"""A run as curves: losses and AP over the steps, as an SVG beside the log."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgepose.files import ORDINARY, write_atomically

Points = NDArray[np.float64]
"""(n, 2): step and value."""

WIDTH, HEIGHT, LEFT, GAP = 720, 150, 56, 34
INK, ACCENT, MUTED = "#1f2933", "#0b7285", "#ced4da"
SMOOTH = 9
LABEL_PX = 42
"""Pixels that the figure over a dot needs; dots nearer to the last labelled one go without."""


def write_curves(log: Path, output: Path) -> None:
    """Draw a run's log.csv: the loss of all stages and of the last one, and AP where it was measured.

    Nothing is written where the log has no line with a loss yet. Raises FileError where the file cannot be written.
    """
    curves = read_log(log)
    if not len(curves["loss"]):
        return
    last = max(points[-1, 0] for points in curves.values() if len(points))
    titles = {"loss": "loss of all stages", "last_stage_loss": "loss of the last stage", "AP": "AP of the validation"}
    panels = [(titles[name], smoothed(points) if name != "AP" else points) for name, points in curves.items()]
    body, top = "", 0
    for title, points in panels:
        if len(points):
            body += panel(top, points, title, last, dots=title == titles["AP"])
            top += HEIGHT + GAP
    body += text(WIDTH, top - GAP + 20, f"step {last:.0f}", "end") + text(LEFT, top - GAP + 20, "0")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -20 {WIDTH + 20} {top + 30}" '
        f'font-family="sans-serif" font-size="13" fill="{INK}">\n<rect x="0" y="-20" width="100%" height="100%" '
        f'fill="white"/>\n{body}</svg>\n'
    )
    write_atomically(output, svg.encode(), ORDINARY, durable=False)


def read_log(log: Path) -> dict[str, Points]:
    """Points of each curve by column; what a run that was interrupted did twice counts as it was done last."""
    curves: dict[str, dict[int, float]] = {"loss": {}, "last_stage_loss": {}, "AP": {}}
    with log.open(newline="") as file:
        for row in csv.DictReader(file):
            step = int(row["step"])
            for name, points in curves.items():
                for later in [done for done in points if done > step]:
                    del points[later]
                if row.get(name):
                    points[step] = float(row[name])
    return {name: np.array(sorted(points.items()), np.float64).reshape(-1, 2) for name, points in curves.items()}


def smoothed(points: Points) -> Points:
    """Mean over the points about each."""
    kernel = np.ones(min(SMOOTH, 2 * len(points) - 1))
    weight = np.convolve(np.ones(len(points)), kernel, "same")[: len(points)]
    mean = np.convolve(points[:, 1], kernel, "same")[: len(points)] / weight
    return np.column_stack((points[:, 0], mean))


def panel(top: int, points: Points, title: str, last: float, *, dots: bool) -> str:
    """One chart from zero to a little over the largest value, 0 to step `last`."""
    most = 1.3 * max(points[:, 1].max(), 1e-9)
    xs = LEFT + (WIDTH - LEFT) * points[:, 0] / max(last, 1)
    ys = top + HEIGHT * (1 - points[:, 1] / most)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    parts = [
        f'<path d="M{LEFT},{top} V{top + HEIGHT} H{WIDTH}" fill="none" stroke="{MUTED}"/>',
        f'<polyline points="{line}" fill="none" stroke="{ACCENT}" stroke-width="2"/>',
        text(LEFT, top - 6, title),
        text(LEFT - 6, top + HEIGHT, "0", "end"),
        text(LEFT - 6, top + HEIGHT * (1 - 1 / 1.3) + 4, f"{most / 1.3:.3g}", "end"),
    ]
    free = 0.0
    for x, y, value in zip(xs, ys, points[:, 1], strict=True) if dots else ():
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{ACCENT}"/>')
        if x >= free:
            parts.append(text(x, y - 8, f"{value:.3f}", "middle"))
            free = x + LABEL_PX
    return "\n".join(parts) + "\n"


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    """Words of the picture, in pixels of it."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
