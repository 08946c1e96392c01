"""Draws a training log as curves over hours: `python research/draw_curves.py LOG.csv OUT.svg [--batch 8]`.

Above the loss of the last stage (mean of the lines about each), below AP on the validation set where it was measured.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

WIDTH, HEIGHT, LEFT, GAP = 720, 150, 56, 34
INK, ACCENT, MUTED = "#1f2933", "#0b7285", "#ced4da"
SMOOTH = 9
LABEL = 42
"""Pixels that the figure over a dot needs; dots nearer to the last labelled one go without."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--batch", type=int, default=8, help="crops per step of the run")
    args = parser.parse_args()
    losses, scores = read(args.log, args.batch)
    hours = losses[-1, 0]
    body = panel(0, smoothed(losses), "loss of the last stage", hours, dots=False)
    body += panel(HEIGHT + GAP, scores, "AP, validation photos, height 256", hours, dots=True)
    body += text(WIDTH, 2 * HEIGHT + GAP + 28, f"{hours:.1f} hours", "end") + text(LEFT, 2 * HEIGHT + GAP + 28, "0")
    args.output.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -20 {WIDTH + 20} {2 * HEIGHT + GAP + 56}" '
        f'font-family="sans-serif" font-size="13" fill="{INK}">\n<rect x="0" y="-20" width="100%" height="100%" '
        f'fill="white"/>\n{body}</svg>\n'
    )


def read(log: Path, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) hours and loss; (m, 2) hours and AP. A line's time follows from its images a second."""
    hours, step = 0.0, 0
    losses, scores = [], []
    for row in csv.DictReader(log.open()):
        if row["AP"]:
            scores.append((hours, float(row["AP"])))
            continue
        if int(row["step"]) < step:  # another run begins
            step = 0
        hours += (int(row["step"]) - step) * batch / float(row["images_per_s"]) / 3600
        step = int(row["step"])
        losses.append((hours, float(row["last_stage_loss"])))
    return np.array(losses), np.array(scores).reshape(-1, 2)


def smoothed(losses: np.ndarray) -> np.ndarray:
    """Mean over the lines about each."""
    kernel = np.ones(SMOOTH)
    weight = np.convolve(np.ones(len(losses)), kernel, "same")
    return np.column_stack((losses[:, 0], np.convolve(losses[:, 1], kernel, "same") / weight))


def panel(top: int, points: np.ndarray, title: str, hours: float, *, dots: bool) -> str:
    """One chart from zero to a little over the largest value."""
    most = 1.3 * points[:, 1].max()
    xs = LEFT + (WIDTH - LEFT) * points[:, 0] / hours
    ys = top + HEIGHT * (1 - points[:, 1] / most)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    parts = [
        f'<path d="M{LEFT},{top} V{top + HEIGHT} H{WIDTH}" fill="none" stroke="{MUTED}"/>',
        f'<polyline points="{line}" fill="none" stroke="{ACCENT}" stroke-width="2"/>',
        text(LEFT, top - 6, title),
        text(LEFT - 6, top + HEIGHT, "0", "end"),
        text(LEFT - 6, top + HEIGHT * (1 - 1 / 1.3) + 4, f"{most / 1.3:.3g}", "end"),
    ]
    if dots:
        free = 0.0
        for x, y, value in zip(xs, ys, points[:, 1], strict=True):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{ACCENT}"/>')
            if x >= free:
                parts.append(text(x, y - 8, f"{value:.3f}", "middle"))
                free = x + LABEL
    return "\n".join(parts) + "\n"


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


if __name__ == "__main__":
    main()
