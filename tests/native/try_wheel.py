"""Tries an installed EdgePose, not the tree's: `try_wheel.py [PICTURE]`.

Its native core groups as the reference does, and networks, recipes and pages lie in it; with a picture and a runtime
the shipped network counts the people of it.
"""

from __future__ import annotations

import platform
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
from write_cases import cases

import edgepose
from edgepose.decode import Grouper
from edgepose.decode.reference import group_reference
from edgepose.model import load_spec, model_path

PARTS = ("models/edgepose-lite.int8.onnx", "training/recipes/edgepose-lite.pt", "device/web/page.html", "py.typed")


def main() -> None:
    here = Path(edgepose.__file__).parent
    if here.parent == Path(__file__).resolve().parents[2]:
        raise SystemExit(f"{here} is the tree, not an installed wheel")
    n = 0
    for fields, skeleton, options in cases():
        grouper = Grouper(skeleton, options)
        assert grouper.native, "the native core does not load"
        ours, wanted = grouper(fields), group_reference(fields, skeleton, options)
        assert len(ours) == len(wanted)
        for one, other in zip(ours, wanted, strict=True):
            np.testing.assert_allclose(one.keypoints, other.keypoints, rtol=0, atol=1e-4, equal_nan=True)
        n += 1
    missing = [name for name in PARTS if not (files(edgepose) / name).is_file()]
    assert not missing, missing
    assert load_spec(model_path(None)).name == "edgepose-lite"
    machine = f"Python {platform.python_version()} on {platform.machine()}"
    print(f"{here}: {machine}, {n} cases grouped as the reference does")
    for picture in sys.argv[1:]:
        import cv2

        with edgepose.PoseEstimator(height=256) as estimator:
            print(f"{picture}: {len(estimator(cv2.imread(picture)))} people")


if __name__ == "__main__":
    main()
