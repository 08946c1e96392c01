"""A trade-off as a picture: lines of points over two shares, one mark per line for the setting that was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np

from edgepose.types import Image

WIDTH, HEIGHT = 900, 560
LEFT, TOP, RIGHT, BOTTOM = 80, 50, 250, 60
PAPER, INK, GRID = (252, 252, 252), (40, 40, 40), (220, 220, 220)
COLOURS = (
    (180, 90, 20), (30, 130, 30), (150, 40, 150), (20, 120, 190), (90, 90, 90), (0, 0, 200), (170, 170, 0),
    (60, 60, 120), (0, 160, 220), (120, 0, 80),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """Points (x, y), each with a word beside it or none. mark: index of the point that was chosen."""

    name: str
    points: Sequence[tuple[float, float]]
    words: Sequence[str] = field(default=())
    mark: int | None = None
    thick: bool = False


def draw_chart(title: str, x_name: str, y_name: str, lines: Sequence[Line]) -> Image:
    """The picture, uint8 BGR (560, 900, 3). x from 0 to the largest (0.05 at least), y to 1."""
    canvas = np.full((HEIGHT, WIDTH, 3), PAPER, np.uint8)
    points = [point for line in lines for point in line.points]
    most_x = max([0.05, *(x * 1.05 for x, _ in points)])
    least_y = max(0.0, min((y for _, y in points), default=0.0) - 0.05)
    least_y = np.floor(least_y * 10) / 10

    def place(point: tuple[float, float]) -> tuple[int, int]:
        x, y = point[0] / most_x, (point[1] - least_y) / (1.0 - least_y) if least_y < 1 else 1.0
        return round(LEFT + x * (WIDTH - LEFT - RIGHT)), round(HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM))

    _write(canvas, title, (LEFT, 26))
    for step in range(6):
        x, y = most_x * step / 5, least_y + (1 - least_y) * step / 5
        cv2.line(canvas, place((x, least_y)), place((x, 1.0)), GRID, 1)
        cv2.line(canvas, place((0.0, y)), place((most_x, y)), GRID, 1)
        _write(canvas, f"{x:.1%}", (place((x, least_y))[0] - 16, HEIGHT - BOTTOM + 20))
        _write(canvas, f"{y:.0%}", (LEFT - 44, place((0.0, y))[1] + 5))
    _write(canvas, x_name, (LEFT, HEIGHT - 14))
    _write(canvas, y_name, (6, TOP - 10))
    for number, line in enumerate(lines):
        colour, width = COLOURS[number % len(COLOURS)], 3 if line.thick else 1
        for a, b in pairwise(line.points):
            cv2.line(canvas, place(a), place(b), colour, width, cv2.LINE_AA)
        for i, point in enumerate(line.points):
            cv2.circle(canvas, place(point), 7 if i == line.mark else 3, colour, -1, cv2.LINE_AA)
        for point, words in _beside(line).items():
            _write(canvas, words, (place(point)[0] + 6, place(point)[1] + 14))
        at = (WIDTH - RIGHT + 14, TOP + 12 + 20 * number)
        cv2.line(canvas, (at[0], at[1] - 4), (at[0] + 16, at[1] - 4), colour, width, cv2.LINE_AA)
        _write(canvas, line.name, (at[0] + 22, at[1]))
    return canvas


def _beside(line: Line) -> dict[tuple[float, float], str]:
    """The words of every place, once: those of points that fall on one another are written as a range."""
    there: dict[tuple[float, float], list[str]] = {}
    for point, word in zip(line.points, line.words, strict=False):
        there.setdefault(point, []).append(word)
    return {point: words[0] if len(words) == 1 else f"{words[0]} to {words[-1]}" for point, words in there.items()}


def _write(canvas: Image, text: str, at: tuple[int, int]) -> None:
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)
