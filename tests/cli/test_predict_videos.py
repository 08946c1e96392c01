"""predict writes one JSON and one drawn video of a video, boxes beside COCO's keypoints, and says what it wrote."""

from __future__ import annotations

import json
import os

import cv2
import pytest

from edgepose.cli import main
from edgepose.sources import open_source

pytest.importorskip("openvino")
N = 4


@pytest.fixture
def people(tmp_path):
    """A short video of drawn people."""
    source = open_source(f"synthetic://?people=2&width=320&height=240&frames={N}")
    writer = cv2.VideoWriter(str(tmp_path / "people.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (320, 240))
    if not writer.isOpened():
        pytest.skip("OpenCV writes no video here")
    for _ in range(N):
        writer.write(source.read().image)
    writer.release()
    return tmp_path / "people.avi"


def predict(capsys, *words):
    code = main(["predict", *map(str, words), "--model", "edgepose-nano", "--min-score", "0", "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_video_becomes_one_json_and_one_video(people, tmp_path, capsys):
    out = tmp_path / "out"
    code, report = predict(capsys, people, "-o", out, "--height", "160")
    assert (code, report["images"], report["model"], report["height"]) == (0, N, "edgepose-nano", 160)
    assert sorted(report["written"]) == ["coco_results.json", "images.json", "videos/people.json", "videos/people.mp4"]
    assert not (out / "drawn").exists() and not (out / "openpose").exists()
    found = json.loads((out / "videos/people.json").read_text())
    assert [frame["frame"] for frame in found["frames"]] == list(range(N))
    assert [frame["t"] for frame in found["frames"]] == pytest.approx([0, 0.1, 0.2, 0.3])
    somebody = [person for frame in found["frames"] for person in frame["people"]]
    assert len(somebody) == report["people"] > 0
    assert len(somebody[0]["keypoints"]) == len(found["keypoints"]) == 18
    drawn = cv2.VideoCapture(str(out / "videos/people.mp4"))
    assert sum(drawn.read()[0] for _ in range(N + 2)) == N
    assert (out / "videos/people.mp4").stat().st_mode & 0o077 == 0


def test_frames_are_pictures_where_that_is_asked_for(people, tmp_path, capsys):
    _, report = predict(capsys, people, "-o", tmp_path / "out", "--frames")
    assert len(list((tmp_path / "out/drawn").iterdir())) == N
    assert len(list((tmp_path / "out/openpose").iterdir())) == N
    assert "drawn/" in report["written"]


def test_two_videos_of_one_name_do_not_meet(people, tmp_path, capsys):
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other/people.avi"
    twin.write_bytes(people.read_bytes())
    _, report = predict(capsys, people, twin, "-o", tmp_path / "out", "--no-drawn")
    assert {"videos/people.json", "videos/people-2.json"} <= set(report["written"])


def test_coco_results_have_boxes_that_pycocotools_reads(people, tmp_path, capsys):
    predict(capsys, people, "-o", tmp_path / "out")
    results = json.loads((tmp_path / "out/coco_results.json").read_text())
    xs = [x for x, _, score in zip(*[iter(results[0]["keypoints"])] * 3, strict=True) if score > 0]
    left, _, width, _ = results[0]["bbox"]
    assert left <= min(xs) and max(xs) <= left + width + 0.01
    coco = pytest.importorskip("pycocotools.coco").COCO()
    coco.dataset = {"images": [{"id": record["image_id"]} for record in results], "annotations": [], "categories": []}
    coco.createIndex()
    assert len(coco.loadRes(str(tmp_path / "out/coco_results.json")).anns) == len(results)


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(people, tmp_path, capsys):
    (tmp_path / "out").write_text("a file")
    assert main(["predict", str(people), "-o", str(tmp_path / "out"), "--model", "edgepose-nano"]) == 1
    assert "cannot write to" in capsys.readouterr().err


def test_without_a_folder_there_is_one_and_it_is_said(people, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, report = predict(capsys, people, "--no-drawn")
    assert os.path.isdir(report["output"])  # noqa: PTH112
