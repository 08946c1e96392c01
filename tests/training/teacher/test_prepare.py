"""Sets out of labels: who is in which, and a part that is in none but its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")

from edgepose.training.recipes import prepare_edgepose_lite_fused as prepare
from edgepose.training.teacher.fused import LookOptions
from edgepose.training.teacher.judge import JudgeOptions
from edgepose.training.teacher.labels import LabelFile, Labelled, write_labels
from edgepose.training.teacher.sight import Person, Sight

pytestmark = pytest.mark.torch


def person(*, lies: bool = False, ankles: float = 0.9, side: float = 1.0) -> Person:
    """17 keypoints one above the other, 160 pixels times `side` from head to feet."""
    return Person(
        tuple((100.0, 20 + 10 * side * k, ankles if k > 14 else 0.9) for k in range(17)), chance=1.0, lies=lies
    )


PICTURES = {
    "1a": ("images/photos/whole.jpg", [person()]),
    "1b": ("images/events/bust.jpg", [person(ankles=0.1)]),
    "1c": ("images/events/far.jpg", [person(side=0.3)]),
    "1d": ("images/photos/nobody.jpg", []),
    "1e": ("images/frames/nobody.jpg", []),
    "1f": ("images/frames/fallen.jpg", [person(lies=True)]),
    "20": ("images/exercise/plank.jpg", [person(lies=True)]),
    "21": ("images/exercise/squat.jpg", [person()]),
    "0a": ("images/exercise/kept.jpg", [person(lies=True)]),
    "0b": ("images/photos/kept.jpg", [person()]),
}
EXPECTED = {
    "photos": {"whole", "bust", "far", "nobody"}, "whole": {"whole"}, "empty": {"nobody"}, "frames": {"fallen"},
    "exercise": {"plank", "squat"}, "lying": {"plank", "fallen"}, "kept": {"kept"}, "validation": {"judge"},
}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, list[dict[str, object]]]]:
    seen = {
        digest: Labelled(file, "us", "CC0", Sight((320, 240), tuple(people), (), ()))
        for digest, (file, people) in PICTURES.items()
    }
    write_labels(tmp_path / "labels.json.gz", LabelFile(LookOptions(), JudgeOptions(), "k", {}, seen))
    (tmp_path / "annotations").mkdir()
    image = {"id": 9, "file_name": "images/photos/judge.jpg"}
    truth = {"images": [image], "annotations": [], "categories": [{"id": 1, "name": "person"}]}
    (tmp_path / "annotations/coco_gt_keypoints17.json").write_text(json.dumps(truth))
    (tmp_path / "manifest.json").write_text(json.dumps([{"file": image["file_name"], "may_teach": False}]))
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["prepare", str(tmp_path), str(tmp_path / "labels.json.gz"), str(out)])
    prepare.main()
    return {path.stem: json.loads(path.read_text()) for path in out.iterdir()}


@pytest.mark.parametrize("name", EXPECTED)
def test_pictures_come_into_their_sets(made: dict[str, dict[str, list[dict[str, object]]]], name: str) -> None:
    assert {Path(str(image["file_name"])).stem for image in made[name]["images"]} == EXPECTED[name]


def test_people_of_joined_sets_stay_with_their_pictures(made: dict[str, dict[str, list[dict[str, object]]]]) -> None:
    for name in ("lying", "kept"):
        ids = [image["id"] for image in made[name]["images"]]
        assert sorted(ids) == [1, 2]
        assert sorted(row["image_id"] for row in made[name]["annotations"]) == [1, 2]  # type: ignore[type-var]
