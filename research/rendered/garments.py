"""Clothes, shoes and hair made for MakeHuman's base mesh: read, fitted to a resting body, split into materials.

The format (.mhclo): each vertex hangs on three vertices of the base mesh by three weights and an offset, which scales
with distances on the body (makehumancommunity.org/wiki/Documentation:MHCLO). MakeHuman counts in decimetres, y up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import DataError
from research.rendered.rig import Points


@dataclass(frozen=True, eq=False)
class Garment:
    """One .mhclo with its .obj.

    on: int (N, 3) base vertices; shares: float64 (N, 3); offsets: float64 (N, 3), decimetres, y up. scales: per axis
    two base vertices and the distance at which offsets hold. hides: base vertices under it. faces, face_uv: int (F, 3);
    uv: (T, 2).
    """

    name: str
    on: NDArray[np.int64]
    shares: Points
    offsets: Points
    scales: tuple[tuple[int, int, float], ...]
    hides: NDArray[np.int64]
    faces: NDArray[np.int64]
    face_uv: NDArray[np.int64]
    uv: NDArray[np.float64]

    def fit(self, body: Points, weights: NDArray[np.float64]) -> tuple[Points, NDArray[np.float64]]:
        """Vertices float64 (N, 3) on a resting body (V, 3) in metres, z up, and what moves them, (N, B)."""
        theirs = np.stack((body[:, 0], body[:, 2], -body[:, 1]), 1) * 10
        offsets = self.offsets.copy()
        for axis, (a, b, apart) in enumerate(self.scales):
            offsets[:, axis] *= abs(theirs[a, axis] - theirs[b, axis]) / apart
        at = (theirs[self.on] * self.shares[:, :, None]).sum(1) + offsets
        carried = np.clip(self.shares, 0, None)
        carried /= np.maximum(carried.sum(1, keepdims=True), 1e-9)
        moved = (weights[self.on] * carried[:, :, None]).sum(1)
        return np.stack((at[:, 0], -at[:, 2], at[:, 1]), 1) / 10, moved


def read_garment(path: Path) -> Garment:
    """One .mhclo and the .obj beside it; DataError where either is none."""
    try:
        rows, scales, hides = _mhclo(path.read_text(encoding="utf-8"))
        faces, face_uv, uv = _obj(path.with_suffix(".obj").read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"cannot read clothes '{path}' ({error.strerror}); give the folder of .mhclo and .obj"
        ) from None
    except (ValueError, IndexError, KeyError):
        raise DataError(
            f"'{path}' and its .obj are not clothes for MakeHuman; give .mhclo files with their .obj"
        ) from None
    if not len(rows) or not len(faces) or faces.max() >= len(rows):
        raise DataError(f"'{path}' hangs {len(rows)} vertices, its .obj wants more; give both files of one release")
    return Garment(
        path.stem, rows[:, :3].astype(np.int64), rows[:, 3:6], rows[:, 6:], scales, hides, faces, face_uv, uv
    )


def read_wardrobe(folder: Path) -> dict[str, Garment]:
    """Every garment of a folder by name; DataError when there is none."""
    found = {path.stem: read_garment(path) for path in sorted(folder.glob("*.mhclo"))}
    if not found:
        raise DataError(f"no clothes (.mhclo) in '{folder}'; give the folder of makehuman-assets' clothes and hair")
    return found


def _mhclo(text: str) -> tuple[Points, tuple[tuple[int, int, float], ...], NDArray[np.int64]]:
    rows: list[list[float]] = []
    scales: dict[str, tuple[int, int, float]] = {}
    hides: set[int] = set()
    part = ""
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in ("x_scale", "y_scale", "z_scale"):
            scales[words[0][0]] = (int(words[1]), int(words[2]), float(words[3]))
        elif words[0] in ("verts", "delete_verts"):
            part = words[0]
        elif part == "delete_verts":
            hides |= set(_ranges(words))
        elif part == "verts" and words[0].lstrip("-").isdigit():
            numbers = [float(word) for word in words]
            rows.append(numbers[:9] if len(numbers) >= 9 else [numbers[0]] * 3 + [1.0, 0, 0, 0, 0, 0])
    return np.array(rows), tuple(scales[axis] for axis in "xyz"), np.array(sorted(hides), np.int64)


def _ranges(words: list[str]) -> Iterable[int]:
    """3 5 - 8 into 3 5 6 7 8."""
    at = 0
    while at < len(words):
        if words[at + 1 : at + 2] == ["-"]:
            yield from range(int(words[at]), int(words[at + 2]) + 1)
            at += 3
        else:
            yield int(words[at])
            at += 1


def _obj(text: str) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    uv: list[list[float]] = []
    triangles: list[list[tuple[int, int]]] = []
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["vt"]:
            uv.append([float(words[1]), float(words[2])])
        elif words[:1] == ["f"]:
            corners = [(int(c.split("/")[0]) - 1, int(c.split("/")[1]) - 1) for c in words[1:]]
            triangles += [[corners[0], corners[k], corners[k + 1]] for k in range(1, len(corners) - 1)]
    both = np.array(triangles, np.int64).reshape(-1, 3, 2)
    return both[:, :, 0], both[:, :, 1], np.array(uv)
