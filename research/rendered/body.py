"""Bodies of any age, sex and weight, from anny (MakeHuman's shapes)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from research.rendered.joints import JOINTS
from research.rendered.rig import Points, Rig

AGES, AGE_SHARES = ((0.5, 0.85), (0.85, 1.0), (0.36, 0.48)), (0.5, 0.42, 0.08)
"""Grown up, old, a child, on anny's scale (1/3 child, 2/3 young, 1 old)."""


@dataclass(frozen=True, eq=False)
class Body:
    """One person's shape at rest.

    vertices: float64 (V, 3). weights: float64 (V, B). keypoints: float64 (17, V), COCO's keypoints as means of
    vertices. faces, face_uv: int (F, 3); uv: (T, 2). man: whether male clothes fit better. age: 0 baby to 1 old.
    """

    rig: Rig
    vertices: Points
    weights: NDArray[np.float64]
    keypoints: NDArray[np.float64]
    faces: NDArray[np.int64]
    face_uv: NDArray[np.int64]
    uv: NDArray[np.float64]
    man: bool
    age: float

    @cached_property
    def skin(self) -> NDArray[np.int64]:
        """int (S,): the vertices that faces use; the others are helpers that clothes are fitted to."""
        return np.unique(self.faces)

    @cached_property
    def height(self) -> float:
        """Metres."""
        return float(np.ptp(self.vertices[self.skin, 2]))


class Bodies:
    """Draws bodies; reads anny's data once."""

    def __init__(self) -> None:
        import anny
        import torch

        torch.set_num_threads(1)
        self._torch: Any = torch
        self._model: Any = anny.Anny(topology="anny-full").to(dtype=torch.float32)
        self._regressor = anny.KeypointsRegressor.coco(self._model).regression_weights.numpy()[:17].astype(np.float64)
        self._bones = list(self._model.bone_labels)
        self._parents = [int(p) for p in self._model.bone_parents]

    def draw(self, rng: Generator) -> Body:
        """A person: grown up mostly, old often, a child sometimes."""
        man = bool(rng.random() < 0.5)
        low, high = AGES[int(rng.choice(len(AGES), p=AGE_SHARES))]
        age = float(rng.uniform(low, high))
        shape = {
            "gender": float(np.clip(rng.normal(0.1 if man else 0.9, 0.08), 0, 1)),  # 0 is a man
            "age": age,
            "muscle": float(np.clip(rng.normal(0.5, 0.18), 0, 1)),
            "weight": float(np.clip(rng.normal(0.55, 0.2), 0.05, 1)),
            "height": float(np.clip(rng.normal(0.4, 0.14), 0.1, 0.8)),
            "proportions": float(np.clip(rng.normal(0.5, 0.2), 0, 1)),
        }
        with self._torch.no_grad():
            rest = self._model.get_rest_model(self._model.get_phenotype_blendshape_coefficients(**shape))
        heads = rest["rest_bone_heads"][0].numpy().astype(np.float64)
        rig = Rig(
            tuple(self._bones[k] for k in self._active), heads[self._active], self._active_parents, self._joint_bones
        )
        model = self._model
        return Body(
            rig,
            rest["rest_vertices"][0].numpy().astype(np.float64),
            self._weights,
            self._regressor,
            model.faces.numpy(),
            model.face_texture_coordinate_indices.numpy(),
            model.texture_coordinates.numpy().astype(np.float64),
            man,
            age,
        )

    @cached_property
    def _active(self) -> list[int]:
        """The root and the bones that have a joint."""
        bent = {joint.bone for joint in JOINTS}
        return [k for k, name in enumerate(self._bones) if k == 0 or name in bent]

    @cached_property
    def _carrier(self) -> list[int]:
        """Per bone the place in `_active` of the nearest ancestor that bends, itself included."""
        out: list[int] = []
        for bone, parent in enumerate(self._parents):
            out.append(self._active.index(bone) if bone in self._active else out[parent])
        return out

    @cached_property
    def _active_parents(self) -> tuple[int, ...]:
        return tuple(-1 if bone == 0 else self._carrier[self._parents[bone]] for bone in self._active)

    @cached_property
    def _joint_bones(self) -> tuple[int, ...]:
        return tuple(self._active.index(self._bones.index(joint.bone)) for joint in JOINTS)

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        """float64 (V, B), rows that add up to 1."""
        bones = self._model.vertex_bone_indices.numpy()
        values = self._model.vertex_bone_weights.numpy()
        out = np.zeros((len(bones), len(self._active)))
        carrier = np.asarray(self._carrier)
        for column in range(bones.shape[1]):
            np.add.at(out, (np.arange(len(bones)), carrier[bones[:, column]]), values[:, column])
        return out / out.sum(1, keepdims=True)
