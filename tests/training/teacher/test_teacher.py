"""The whole chain with teachers made of numbers: looks kept by content, judged, written, read by training."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")
pytest.importorskip("torch")

from edgepose.errors import DataError, ModelError  # noqa: E402
from edgepose.skeleton import BODYPOSENET_18  # noqa: E402
from edgepose.training.data.trusted import read_trusted  # noqa: E402
from edgepose.training.teacher import __main__ as command  # noqa: E402
from edgepose.training.teacher.cache import LookCache, open_kept, recipe_key  # noqa: E402
from edgepose.training.teacher.coco_set import coco_set, write_set  # noqa: E402
from edgepose.training.teacher.fused import FusedTeacher, LookOptions  # noqa: E402
from edgepose.training.teacher.judge import JudgeOptions, sight_of  # noqa: E402
from edgepose.training.teacher.labels import (  # noqa: E402
    LabelFile,
    Labelled,
    read_labels,
    write_labels,
)
from edgepose.training.teacher.networks import open_network  # noqa: E402
from edgepose.training.teacher.pictures import entries  # noqa: E402
from edgepose.training.teacher.sight import Look, Reading, rows_of  # noqa: E402

pytestmark = pytest.mark.torch
MAPS = np.zeros((57, 4, 6), np.float16)


def keypoints(x: float = 100.0, score: float = 0.8) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.column_stack((rng.uniform(0, 90, (17, 2)) + np.array((x, 40)), np.full(17, score)))


def reading(x: float = 100.0, score: float = 0.8) -> Reading:
    rows = rows_of(keypoints(x, score))
    return Reading((x - 5, 35, x + 95, 135), rows, rows)


def nobody(x: float) -> Reading:
    return Reading(reading(x).box, reading(x, 0.03).thunder, rows_of(np.zeros((17, 3))))


def doubtful(x: float) -> Reading:
    return Reading(reading(x).box, reading(x, 0.3).thunder, rows_of(np.zeros((17, 3))))


def test_sure_candidates_are_people_doubtful_ones_are_masked_and_the_others_refused() -> None:
    look = Look((640, 480), (reading(100), doubtful(300), nobody(500)), unread=((1, 2, 3, 4),))
    sight = sight_of(look, JudgeOptions())
    assert [round(p.keypoints[0][0]) for p in sight.people] == [round(float(keypoints(100)[0, 0]))]
    assert sight.doubtful == ((1, 2, 3, 4), reading(300).box)
    assert sight.refused == (reading(500).box,)


def test_two_candidates_that_lead_to_one_person_are_one() -> None:
    sight = sight_of(Look((640, 480), (reading(100), reading(101))), JudgeOptions())
    assert len(sight.people) == 1


def test_a_second_guess_whose_legs_are_unsure_is_the_same_person() -> None:
    sure, again = keypoints(100), keypoints(101)
    again[7:, :2] += 80  # elbows down: elsewhere, and not believed
    again[7:, 2] = 0.1
    unseen = np.where(np.arange(17)[:, None] < 7, again, 0.0)
    guesses = [
        Reading(reading(100).box, rows_of(one), rows_of(fields)) for one, fields in ((sure, sure), (again, unseen))
    ]
    sight = sight_of(Look((640, 480), tuple(guesses)), JudgeOptions(somebody=0.5))
    assert len(sight.people) == 1
    assert sight.people[0].array[15, 2] > 0.5


def test_a_look_is_computed_once_and_its_maps_are_kept_as_they_were(tmp_path: Path) -> None:
    cache, calls = LookCache(tmp_path, "recipe"), []

    def compute() -> tuple[Look, np.ndarray]:
        calls.append(1)
        return Look((6, 4), (reading(),)), MAPS + np.float16(0.25)

    first, second = cache.look("a" * 64, compute), cache.look("a" * 64, compute)
    assert first == second and len(calls) == 1
    kept = open_kept(str(tmp_path / "recipe"))
    assert kept is not None and (kept.maps("a" * 64) == np.float16(0.25)).all()
    assert kept.maps("b" * 64) is None and open_kept("") is None


def test_a_broken_entry_is_made_again(tmp_path: Path) -> None:
    cache = LookCache(tmp_path, "recipe")
    look = Look((6, 4))
    cache.put("a" * 64, (look, MAPS))
    for path in cache.folder.iterdir():
        path.write_bytes(path.read_bytes()[:20])
    assert cache.get("a" * 64) is None and cache.maps("a" * 64) is None
    assert cache.look("a" * 64, lambda: (look, MAPS)) == look
    assert cache.maps("a" * 64) is not None


def test_another_teacher_or_another_recipe_has_another_key(tmp_path: Path) -> None:
    one, other = tmp_path / "one.onnx", tmp_path / "other.onnx"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    keys = {
        recipe_key(LookOptions(), [one]),
        recipe_key(LookOptions(), [other]),
        recipe_key(LookOptions(margin=1.3), [one]),
    }
    assert len(keys) == 3
    other.write_bytes(b"1")
    assert recipe_key(LookOptions(), [other]) == recipe_key(LookOptions(), [one])  # content, not name


def test_no_folder_of_kept_maps_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="make it with"):
        open_kept(str(tmp_path / "none"))


def labelled(file: str, *readings: Reading, unread=()) -> Labelled:
    return Labelled(file, "us", "CC0", sight_of(Look((640, 480), readings, unread), JudgeOptions()))


def label_file(key: str = "k", **pictures: Labelled) -> LabelFile:
    return LabelFile(LookOptions(), JudgeOptions(), key, {"a.onnx": "00"}, pictures)


def test_labels_are_the_same_bytes_each_time_and_are_read_back(tmp_path: Path) -> None:
    labels = label_file(b=labelled("b.jpg", reading()), a=labelled("a.jpg"))
    write_labels(tmp_path / "1.json.gz", labels)
    write_labels(tmp_path / "2.json.gz", label_file(a=labelled("a.jpg"), b=labelled("b.jpg", reading())))
    assert (tmp_path / "1.json.gz").read_bytes() == (tmp_path / "2.json.gz").read_bytes()
    assert read_labels(tmp_path / "1.json.gz") == labels


@pytest.mark.parametrize("data", [b"", b"[]", gzip.compress(b"{}"), b"\xff\xfe"])
def test_a_file_that_holds_no_labels_is_said(tmp_path: Path, data: bytes) -> None:
    for name in ("labels.json", "labels.json.gz"):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match="labels"):
            read_labels(tmp_path / name)


def test_training_reads_chances_doubts_and_refusals_of_a_set(tmp_path: Path) -> None:
    sure = reading(100, 0.8)
    wrist = list(sure.thunder)
    wrist[9] = (*wrist[9][:2], 0.05)
    unseen = [*sure.fields[:9], (0.0, 0.0, 0.0), *sure.fields[10:]]
    readings = Reading(sure.box, tuple(wrist), tuple(unseen)), nobody(500)
    one = labelled("a.jpg", *readings, unread=((1, 2, 11, 22),))
    write_set(tmp_path / "set.json", coco_set({"ab": one}, Path("pictures")))
    document = json.loads((tmp_path / "set.json").read_text())
    assert [a["num_keypoints"] for a in document["annotations"]] == [16, 0]
    (trusted,) = read_trusted(str(tmp_path / "set.json"), str(tmp_path), BODYPOSENET_18).values()
    assert trusted.sha256 == "ab" and trusted.keypoints.shape == (1, 18, 3)
    assert 0 < trusted.keypoints[0, BODYPOSENET_18.index("l_wrist"), 2] < 0.35
    assert trusted.keypoints[0, BODYPOSENET_18.index("neck"), 2] > 0.35
    assert trusted.doubtful.tolist() == [[1, 2, 10, 20]]
    assert trusted.refused.tolist() == [[495, 35, 100, 100]]


def test_truth_comes_before_the_teacher_who_answers_for_people_without_keypoints() -> None:
    sure = keypoints(300)
    truth = {
        "a.jpg": [
            {"bbox": [10, 10, 50, 90], "num_keypoints": 17, "keypoints": [20, 30, 2] * 17, "iscrowd": 0, "area": 9},
            {"bbox": [300, 40, 90, 90], "num_keypoints": 0, "keypoints": [0] * 51, "iscrowd": 0, "area": 9},
            {"bbox": [500, 40, 90, 90], "num_keypoints": 0, "keypoints": [0] * 51, "iscrowd": 1, "area": 9},
        ]
    }
    found = coco_set({"ab": labelled("a.jpg", reading(300), reading(100))}, Path(), truth)["annotations"]
    assert [a["iscrowd"] for a in found] == [0, 0, 1]
    assert found[0]["fused"][:3] == [20, 30, 1]
    assert found[1]["fused"][:2] == pytest.approx(sure[0, :2], abs=0.1)


def test_files_without_chances_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "coco.json").write_text(json.dumps({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": []}))
    assert read_trusted(str(tmp_path / "coco.json"), "", BODYPOSENET_18) == {}
    with pytest.raises(DataError):
        read_trusted(str(tmp_path / "none.json"), "", BODYPOSENET_18)


def folder_of(tmp_path: Path) -> Path:
    rows = []
    for i in range(6):
        name = f"images/{'exercise' if i < 4 else 'photos'}/{i}.png"
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((32, 48, 3), i, np.uint8))
        rows.append({"file": name, "source": f"s{i}", "licence": "CC0", "may_teach": i != 5,
                     "torso_angle_deg": 80.0 if i == 2 else 5.0})  # fmt: skip
    (tmp_path / "manifest.json").write_text(json.dumps(rows))
    return tmp_path


def test_only_pictures_that_may_teach_are_taken_and_lying_ones_first(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert len(entries(folder)) == 5
    some = entries(folder, ["photos", "exercise"], ["exercise=1"])
    assert [entry.file for entry in some] == ["images/photos/4.png", "images/exercise/2.png"]
    with pytest.raises(DataError, match="WORD=N"):
        entries(folder, None, ["exercise"])


@pytest.fixture
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[int]]:
    """Arguments for a folder of five pictures, and which of them a fake teacher was shown."""
    folder, calls = folder_of(tmp_path), []
    for name in ("human-pose-estimation-0001.fp32.onnx", "movenet-multipose.onnx", "movenet-thunder.onnx"):
        (tmp_path / name).write_bytes(b"teacher")

    class Fake:
        def __init__(self, *_: object) -> None: ...

        def look(self, image: np.ndarray) -> tuple[Look, np.ndarray]:
            calls.append(int(image[0, 0, 0]))
            return Look((48, 32), (reading(),)), MAPS

    monkeypatch.setattr(command, "FusedTeacher", Fake)
    return [str(folder), str(tmp_path), "-o", str(tmp_path / "l.json.gz"), "--cache", str(tmp_path / "looks")], calls


def test_the_command_labels_a_folder_and_goes_on_from_its_cache(tmp_path: Path, command_line, capsys) -> None:
    arguments, calls = command_line
    assert command.main(arguments) == 0 and command.main(arguments) == 0
    assert sorted(calls) == [0, 1, 2, 3, 4]
    labels = read_labels(tmp_path / "l.json.gz")
    assert {one.source for one in labels.pictures.values()} == {"s0", "s1", "s2", "s3", "s4"}
    assert "5 of 5 pictures, 5 people" in capsys.readouterr().out


def test_labels_made_before_are_taken_when_they_come_from_the_same_teachers(
    tmp_path: Path, command_line, capsys
) -> None:
    arguments, calls = command_line
    assert command.main([*arguments, "--folders", "photos"]) == 0 and calls == [4]
    (tmp_path / "l.json.gz").rename(tmp_path / "before.json.gz")
    again = [*arguments[:-1], str(tmp_path / "elsewhere"), "--known", str(tmp_path / "before.json.gz")]
    assert command.main(again) == 0 and sorted(calls) == [0, 1, 2, 3, 4]
    (tmp_path / "movenet-thunder.onnx").write_bytes(b"another teacher")
    assert command.main([*again, "--kept-only"]) == 0
    assert "made anew" in capsys.readouterr().err
    assert not read_labels(tmp_path / "l.json.gz").pictures


def test_kept_only_looks_at_nothing(tmp_path: Path, command_line) -> None:
    arguments, calls = command_line
    assert command.main([*arguments, "--folders", "photos"]) == 0
    assert command.main([*arguments, "--kept-only"]) == 0 and calls == [4]
    assert [one.file for one in read_labels(tmp_path / "l.json.gz").pictures.values()] == ["images/photos/4.png"]


def test_a_missing_or_foreign_teacher_is_said_in_one_sentence(tmp_path: Path, capsys) -> None:
    folder = folder_of(tmp_path)
    assert command.main([str(folder), str(tmp_path / "none"), "-o", "x.json"]) == 1
    assert "cannot read" in capsys.readouterr().err
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"bad\.onnx"):
        open_network(tmp_path / "bad.onnx", ("heatmaps",))
    with pytest.raises(ModelError):
        FusedTeacher(tmp_path)
