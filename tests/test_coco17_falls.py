"""Another network's COCO-17 keypoints reach the fall rule through the example that a user would copy."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from edgepose.skeleton import BODYPOSENET_18, COCO_17
from edgepose.sources.people import Scene, SceneOptions

EXAMPLE = runpy.run_path(str(Path(__file__).resolve().parents[1] / "examples/coco17_falls.py"))
FPS, SECONDS = 15, 12


def recorded(path: Path, fall_s: float) -> Path:
    """Two people of a rendered scene as COCO-17 arrays (T, 2, 17, 3)."""
    options = SceneOptions(people=2, size=0.8, fall_s=fall_s)
    scene, order = Scene(options), list(BODYPOSENET_18.mapping_to(COCO_17))
    frames = np.zeros((FPS * SECONDS, 2, 17, 3), np.float32)
    for number, people in enumerate(frames):
        for row, pose in zip(people, scene.poses(number / FPS), strict=False):
            row[:] = np.nan_to_num(pose.keypoints[order])
    np.savez(path, keypoints=frames, fps=FPS, size_wh=(options.width, options.height))
    return path


@pytest.mark.parametrize(("fall_s", "confirmed"), [(4.0, True), (-1.0, False)])
def test_a_fall_in_coco_keypoints_is_confirmed_and_walking_is_no_fall(tmp_path, capsys, fall_s, confirmed) -> None:
    EXAMPLE["main"](str(recorded(tmp_path / "people.npz", fall_s)))
    assert ("fall confirmed, person" in capsys.readouterr().out) is confirmed
