"""Another network's keypoints as a Pose: what trackers, rules and drawings take whoever found the people.

Layouts are those of COCO (17), OpenPose (18 and body-25), MediaPipe (33) and Halpe (26); keypoints that EdgePose has
no use for are left out, and a neck is put between the shoulders where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgepose.errors import ShapeError
from edgepose.shown import shown
from edgepose.skeleton import BODYPOSENET_18, COCO_17, long_name
from edgepose.types import FloatArray, Pose
from edgepose.types.given import check_size

_MEDIAPIPE = """
    nose l_eye_inner l_eye l_eye_outer r_eye_inner r_eye r_eye_outer l_ear r_ear l_mouth r_mouth l_shoulder r_shoulder
    l_elbow r_elbow l_wrist r_wrist l_pinky r_pinky l_index r_index l_thumb r_thumb l_hip r_hip l_knee r_knee l_ankle
    r_ankle l_heel r_heel l_foot_index r_foot_index
"""
_BODY25_FEET = "l_big_toe l_small_toe l_heel r_big_toe r_small_toe r_heel"
_HALPE_REST = "head neck hip l_big_toe r_big_toe l_small_toe r_small_toe l_heel r_heel"
_OPENPOSE = BODYPOSENET_18.keypoints

LAYOUTS: dict[str, tuple[str, ...]] = {
    "coco17": COCO_17.keypoints,
    "openpose18": _OPENPOSE,
    "body25": (*_OPENPOSE[:8], "hip", *_OPENPOSE[8:], *_BODY25_FEET.split()),
    "halpe26": (*COCO_17.keypoints, *_HALPE_REST.split()),
    "mediapipe33": tuple(_MEDIAPIPE.split()),
}
"""Keypoints of each layout, in its order (COCO; OpenPose's COCO and BODY_25 models; Halpe; MediaPipe Pose)."""

_OTHERS = {name for names in LAYOUTS.values() for name in names} - set(BODYPOSENET_18.keypoints)
_UNUSED = _OTHERS | {long_name(name) for name in _OTHERS}
"""Keypoints of layouts that EdgePose has no use for."""

SHARES = 2.0
"""Coordinates up to here are shares of a picture, not pixels: MediaPipe goes a little beyond 0 and 1."""

_TRUNK = ("l_shoulder", "r_shoulder", "l_hip", "r_hip")


def convert(
    keypoints: ArrayLike | Mapping[str, Any] | Sequence[Any],
    layout: str | None = None,
    *,
    order: Literal["xy", "yx"] = "xy",
    size_wh: tuple[int, int] | None = None,
    score: float | None = None,
) -> Pose:
    """One person of another network as a Pose with EdgePose's 18 keypoints, in pixels.

    keypoints: array (K, 2) or (K, 3) of x, y and score; for `mediapipe33` also (33, 4), x, y, z and visibility, or its
        landmarks themselves; or a dict from name (`left_wrist` or `l_wrist`) to x, y and score, which needs no layout.
        Absent: not finite, score 0, or (0, 0).
    layout: coco17, openpose18, body25, halpe26 or mediapipe33.
    order: `yx` where y comes first, as in MoveNet's output.
    size_wh: width and height of the picture in pixels, needed where coordinates are shares of it (0 to 1).
    score: of the person, 0 to 1; the mean of the keypoints found when left out.

    Raises ShapeError in one sentence for what is none of these: another number of keypoints, several people at once,
    coordinates in 0 to 1 without a size, scores beyond 1.

    >>> import edgepose, numpy
    >>> shares = numpy.full((17, 3), 0.5)  # MoveNet's output: y, x and score, coordinates as shares of the picture
    >>> pose = edgepose.convert(shares, "coco17", order="yx", size_wh=(640, 480))
    >>> pose.keypoints.shape, [round(float(value)) for value in pose["nose"][:2]]
    ((18, 3), [320, 240])
    """
    if not (isinstance(order, str) and order in ("xy", "yx")):
        raise ShapeError(f"order is 'xy' or 'yx', got {shown(order)}")
    check_size(size_wh)
    names, table = _named(keypoints) if isinstance(keypoints, Mapping) else _of_layout(keypoints, layout)
    x, y = (table[:, 0], table[:, 1]) if order == "xy" else (table[:, 1], table[:, 0])
    found = _checked_scores(table) & np.isfinite(x + y) & ((x != 0) | (y != 0))
    points = np.stack([x, y, table[:, 2]], 1)
    points[~found] = (np.nan, np.nan, 0)
    points[:, :2] = _pixels(points[:, :2], size_wh)
    people = np.full((BODYPOSENET_18.n_keypoints, 3), (np.nan, np.nan, 0), np.float32)
    for k, name in enumerate(BODYPOSENET_18.keypoints):
        if name in names:
            people[k] = points[names.index(name)]
    _add_neck(people)
    there = people[:, 2] > 0
    if score is None:
        score = float(people[there, 2].mean()) if there.any() else 0.0
    return Pose(people, score)


def _of_layout(keypoints: Any, layout: str | None) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """(names, float64 (K, 3) x, y, score) of an array or of landmarks in the order of a layout."""
    if not isinstance(layout, str) or layout not in LAYOUTS:
        close = get_close_matches(layout, LAYOUTS, 1) if isinstance(layout, str) else []
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ShapeError(f"no layout {shown(layout)}; {hint}there are {', '.join(LAYOUTS)}, or give a dict of names")
    names = LAYOUTS[layout]
    if isinstance(keypoints, Sequence) and keypoints and hasattr(keypoints[0], "x"):
        keypoints = [(mark.x, mark.y, getattr(mark, "visibility", 1.0)) for mark in keypoints]
    try:
        table = np.asarray(keypoints, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ShapeError(f"keypoints are an array ({len(names)}, 3) of x, y, score, got {shown(keypoints)}") from None
    if table.ndim == 3:
        raise ShapeError(
            f"one person at a time, got {len(table)} in an array {table.shape}; "
            f"write [edgepose.convert(person, {layout!r}) for person in keypoints]"
        )
    columns = (2, 3, 4) if layout == "mediapipe33" else (2, 3)
    if table.ndim != 2 or len(table) != len(names) or table.shape[1] not in columns:
        raise ShapeError(f"{layout} has keypoints ({len(names)}, 3), got an array {table.shape}{_hint(table)}")
    scores = table[:, -1] if table.shape[1] > 2 else np.ones(len(table))
    return names, np.column_stack([table[:, :2], scores])


def _named(keypoints: Mapping[str, Any]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """(names, float64 (K, 3) x, y, score) of a dict; None stands for a keypoint that was not found."""
    names, rows = [], []
    for name, values in keypoints.items():
        if name in _UNUSED:
            continue
        try:
            index = BODYPOSENET_18.index(name)
            row = (np.nan, np.nan, 0.0) if values is None else tuple(float(value) for value in values)
        except (ValueError, TypeError, OverflowError) as error:
            raise ShapeError(f"keypoint {name!r} is no name with x, y and score: {error}") from None
        if len(row) not in (2, 3):
            raise ShapeError(f"keypoint {name!r} is x, y and score, got {shown(values)}")
        names.append(BODYPOSENET_18.keypoints[index])
        rows.append(row if len(row) == 3 else (*row, 1.0))
    if not set(names) & set(_TRUNK):
        raise ShapeError("keypoints lack shoulders and hips, which size and posture are read from; give at least one")
    return tuple(names), np.asarray(rows, np.float64).reshape(-1, 3)


def _checked_scores(table: NDArray[np.float64]) -> NDArray[np.bool_]:
    """bool (K,): which keypoints have a score; ShapeError for one beyond 1."""
    scores = table[:, 2]
    if (scores[np.isfinite(scores)] > 1.001).any():
        raise ShapeError(f"scores are 0 to 1, got {np.nanmax(scores):g}; divide them (visibility flags: v > 0)")
    found: NDArray[np.bool_] = scores > 0
    return found


def _pixels(xy: NDArray[np.float64], size_wh: tuple[int, int] | None) -> NDArray[np.float64]:
    """Coordinates (K, 2) in pixels; ShapeError for shares of a picture whose size is not known."""
    finite = xy[np.isfinite(xy)]
    if not finite.size or np.abs(finite).max() > SHARES:
        return xy
    if size_wh is None:
        raise ShapeError("coordinates are in 0 to 1; give the picture's size_wh=(width, height) in pixels")
    return xy * np.asarray(size_wh, np.float64) - 0.5


def _add_neck(keypoints: FloatArray) -> None:
    """Put the neck between both shoulders where no network found one."""
    neck, *shoulders = (BODYPOSENET_18.index(name) for name in ("neck", "l_shoulder", "r_shoulder"))
    if keypoints[neck, 2] == 0 and (keypoints[shoulders, 2] > 0).all():
        keypoints[neck] = (*keypoints[shoulders, :2].mean(0), keypoints[shoulders, 2].min())


def _hint(table: NDArray[np.float64]) -> str:
    fits = [name for name, names in LAYOUTS.items() if table.ndim == 2 and len(names) == len(table)]
    if fits:
        return f"; {len(table)} keypoints are {' or '.join(fits)}"
    turned = table.ndim == 2 and table.shape[0] in (2, 3)
    return "; give its transpose, keypoints.T" if turned else ""
