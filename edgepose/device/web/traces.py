"""Where people were: points on the floor, one a second and person, the oldest forgotten."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from edgepose.skeleton import BODYPOSENET_18

EVERY_S = 1.0
MOST = 3000
"""Points of one camera: an hour with one person."""

_FEET = tuple(map(BODYPOSENET_18.keypoints.index, ("r_ankle", "l_ankle")))
_HIPS = tuple(map(BODYPOSENET_18.keypoints.index, ("r_hip", "l_hip")))


class Traces:
    """Used by one thread."""

    def __init__(self) -> None:
        self._points: dict[str, deque[tuple[float, float, float]]] = {}
        self._last_t: dict[tuple[str, int], float] = {}

    def add(self, frame: Mapping[str, Any]) -> None:
        """Take in a frame as `Newest.frames` gives it; time that went back begins anew."""
        source, t = str(frame["source"]), float(frame["t"])
        width, height = frame["size_wh"]
        for person in frame["people"]:
            key = source, int(person["id"])
            if 0 <= t - self._last_t.get(key, -1e9) < EVERY_S:
                continue
            point = _on_floor(person["keypoints"])
            if point is not None:
                self._last_t[key] = t
                points = self._points.setdefault(source, deque(maxlen=MOST))
                points.append((t, round(point[0] / width, 4), round(point[1] / height, 4)))
        if len(self._last_t) > MOST:
            self._last_t = {key: last for key, last in self._last_t.items() if 0 <= t - last < EVERY_S}

    def points(self) -> dict[str, list[tuple[float, float, float]]]:
        """By camera: second, x and y from 0 to 1 of the picture."""
        return {source: list(points) for source, points in self._points.items()}


def _on_floor(keypoints: list[list[float | None]]) -> tuple[float, float] | None:
    """The middle of the feet, else of the hips; None where neither is seen, or the keypoints are a set of one's own."""
    if len(keypoints) != BODYPOSENET_18.n_keypoints:
        return None
    for pair in (_FEET, _HIPS):
        rows = [keypoints[k] for k in pair]
        seen = [(x, y) for x, y, score in rows if x is not None and y is not None and score]
        if seen:
            return sum(x for x, _ in seen) / len(seen), sum(y for _, y in seen) / len(seen)
    return None
