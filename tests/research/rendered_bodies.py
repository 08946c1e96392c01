"""A body from numbers: a stick figure 1.7 m tall, points on a tube round each bone."""

from __future__ import annotations

import numpy as np

from research.rendered.capsules import capsules_of
from research.rendered.joints import JOINTS
from research.rendered.rig import Rig
from research.rendered.settle import Resting

HEADS = {
    "root": (None, (0, 0, 0.95)), "spine03": ("root", (0, 0, 1.08)), "spine01": ("spine03", (0, 0, 1.28)),
    "neck01": ("spine01", (0, 0, 1.45)), "head": ("neck01", (0, 0, 1.55)),
    "upperleg01.L": ("root", (0.1, 0, 0.93)), "lowerleg01.L": ("upperleg01.L", (0.13, 0, 0.5)),
    "foot.L": ("lowerleg01.L", (0.15, 0, 0.08)), "clavicle.L": ("spine01", (0.03, 0, 1.4)),
    "upperarm01.L": ("clavicle.L", (0.18, 0, 1.4)), "lowerarm01.L": ("upperarm01.L", (0.36, 0, 1.2)),
    "wrist.L": ("lowerarm01.L", (0.48, -0.16, 1.08)),
}  # fmt: skip
ENDS = {
    "root": (0, 0, 1.08), "spine03": (0, 0, 1.28), "spine01": (0, 0, 1.45), "neck01": (0, 0, 1.55),
    "head": (0, -0.03, 1.7), "upperleg01.L": (0.13, 0, 0.5), "lowerleg01.L": (0.15, 0, 0.08),
    "foot.L": (0.15, -0.18, 0.03), "clavicle.L": (0.18, 0, 1.4),
    "upperarm01.L": (0.36, 0, 1.2), "lowerarm01.L": (0.48, -0.16, 1.08),
    "wrist.L": (0.52, -0.24, 1.0),
}  # fmt: skip
THICK = {"root": 0.11, "spine03": 0.11, "spine01": 0.11, "head": 0.09, "upperleg01.L": 0.07, "foot.L": 0.03}


def _both_sides() -> tuple[dict[str, tuple[str | None, tuple[float, ...]]], dict[str, tuple[float, ...]]]:
    heads, ends = dict(HEADS), dict(ENDS)
    for name, (parent, (x, y, z)) in HEADS.items():
        if name.endswith(".L"):
            other = parent[:-1] + "R" if parent and parent.endswith(".L") else parent
            heads[name[:-1] + "R"] = (other, (-x, y, z))
            ends[name[:-1] + "R"] = (-ENDS[name][0], *ENDS[name][1:])
    return heads, ends


def stick_figure() -> Resting:
    """Stands at rest on z = 0, arms half raised, facing -y."""
    heads, ends = _both_sides()
    names = tuple(heads)
    at = np.array([heads[name][1] for name in names], np.float64)
    parents = tuple(-1 if heads[n][0] is None else names.index(str(heads[n][0])) for n in names)
    rig = Rig(names, at, parents, tuple(names.index(joint.bone) for joint in JOINTS))
    points, bones = [], []
    for k, name in enumerate(names):
        thick = THICK.get(name[:-1] + "L" if name.endswith("R") else name, 0.04)
        for share in np.linspace(0, 1, 5):
            middle = at[k] + share * (np.array(ends[name]) - at[k])
            level = name.startswith("foot")
            for angle in np.linspace(0, 2 * np.pi, 6, endpoint=False):
                x, y = np.cos(angle), np.sin(angle)
                flat = (x, 0, y) if level else (x, y, 0)
                points.append(middle + thick * np.array(flat))
                bones.append(k)
    weights = np.eye(len(names))[bones]
    return Resting(rig, np.array(points), weights, np.full(len(points), 1 / len(points)), capsules_of(at, names, 1.7))
