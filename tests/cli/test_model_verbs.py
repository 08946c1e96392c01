"""predict, evaluate and model check as a user calls them."""

from __future__ import annotations

import json

import cv2
import networks
import numpy as np
import pytest
from networks import EXPORTS, one_person, picture, write_export

from edgepose.cli import main
from edgepose.cli.model_look import STRIP_PX, kernel_doubts
from edgepose.model import read_contract

pytest.importorskip("onnx")
pytest.importorskip("openvino")

HW = (256, 320)


@pytest.fixture
def model(tmp_path):
    return write_export(tmp_path / "pose.onnx", EXPORTS["human-pose-estimation-0001"], HW, [one_person()])


@pytest.fixture
def pictures(tmp_path):
    """Two good pictures, one of zero bytes, one that is a text."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(folder / name), picture(HW))
    (folder / "zero.png").touch()
    (folder / "text.jpg").write_text("no picture")
    return folder


def _json(capsys):
    return json.loads(capsys.readouterr().out)


def test_predict_writes_all_forms_and_skips_bad_pictures(model, pictures, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["predict", str(pictures), "-o", str(out), "--model", str(model), "--json"]
    assert main([*words, "--height", "256"]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["images"], report["people"], report["skipped"]) == (2, 2, 2)
    assert "zero.png' is empty" in printed.err
    results = json.loads((out / "coco_results.json").read_text())
    assert [(one["image_id"], len(one["keypoints"])) for one in results] == [(0, 51), (1, 51)]
    names = [image["file_name"] for image in json.loads((out / "images.json").read_text())["images"]]
    assert names == ["a.png", "b.png"]
    people = json.loads((out / "openpose" / "a_keypoints.json").read_text())["people"]
    nose = np.array(people[0]["pose_keypoints_2d"][:2])
    assert nose == pytest.approx(one_person()[0, :2], abs=2)
    drawn = cv2.imread(str(out / "drawn" / "b.jpg"))
    assert drawn.shape == (*HW, 3) and np.abs(drawn.astype(int) - picture(HW)).max() > 100


def test_predict_takes_a_video_frame_by_frame(model, tmp_path, capsys):
    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (320, 256))
    if not writer.isOpened():
        pytest.skip("OpenCV writes no video here")
    for _ in range(3):
        writer.write(picture(HW))
    writer.release()
    out = tmp_path / "out"
    words = ["predict", str(tmp_path / "clip.avi"), "-o", str(out), "--model", str(model), "--backend", "replay"]
    assert main([*words, "--no-drawn", "--frames", "--json"]) == 0
    assert _json(capsys)["images"] == 3
    files = sorted(path.name for path in (out / "openpose").iterdir())
    assert files == [f"clip_{i:012d}_keypoints.json" for i in range(3)]
    assert not (out / "drawn").exists()


def test_predict_keeps_pictures_of_one_name_apart(model, tmp_path, capsys):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "a.png"), picture(HW))
    out = tmp_path / "out"
    folders = [str(tmp_path / folder) for folder in ("one", "two")]
    assert main(["predict", *folders, "-o", str(out), "--model", str(model), "--backend", "replay"]) == 0
    assert sorted(path.name for path in (out / "drawn").iterdir()) == ["a-2.jpg", "a.jpg"]


@pytest.mark.parametrize("what", ["missing", "empty folder", "only bad pictures"])
def test_predict_of_nothing_ends_with_one_sentence(model, tmp_path, capsys, what):
    folder = tmp_path / "pictures"
    if what != "missing":
        folder.mkdir()
    if what == "only bad pictures":
        (folder / "zero.jpg").touch()
    words = ["predict", str(folder), "-o", str(tmp_path / "out"), "--model", str(model), "--backend", "replay"]
    assert main(words) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-1].startswith("edgepose: ")
    assert "Traceback" not in printed.err


def test_evaluate_reports_coco_figures(model, pictures, tmp_path, capsys):
    from edgepose.skeleton import BODYPOSENET_18, COCO_17

    keypoints = one_person()[list(BODYPOSENET_18.mapping_to(COCO_17))]
    keypoints[:, 2] = 2
    truth = {
        "images": [{"id": i, "file_name": name} for i, name in enumerate(("a.png", "b.png"))],
        "annotations": [
            {"id": i + 1, "image_id": i, "category_id": 1, "iscrowd": 0, "num_keypoints": 17, "area": 12000.0,
             "bbox": [100, 30, 80, 200], "keypoints": keypoints.ravel().tolist()} for i in range(2)
        ],
        "categories": [{"id": 1, "name": "person"}],
    }  # fmt: skip
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    words = ["evaluate", str(model), "--annotations", str(tmp_path / "truth.json"), "--images", str(pictures)]
    assert main([*words, "--height", "256", "--precision", "f32", "--json"]) == 0
    report = _json(capsys)
    assert report["AP50"] == pytest.approx(1)
    assert {"AP", "AP75", "APm", "APl"} <= report.keys()
    assert (report["images"], report["found"], report["height"]) == (2, 2, 256)


def test_model_check_prints_contract_and_assumptions(model, capsys):
    assert main(["model", "check", str(model)]) == 0
    printed = capsys.readouterr().out
    assert "preset human_pose_estimation_0001" in printed
    assert "BGR, 0..255" in printed
    assert "pafs float32 ? x 38 x ? x ?" in printed


def test_model_check_notes_what_tensorrt_cannot_read(model, tmp_path, monkeypatch, capsys):
    assert main(["model", "check", str(model), "--json"]) == 0
    assert _json(capsys)["notes"] == []
    monkeypatch.setattr(networks, "OPSET", 21)
    newer = write_export(tmp_path / "newer.onnx", EXPORTS["human-pose-estimation-0001"], HW, [])
    assert main(["model", "check", str(newer), "--json"]) == 0
    assert "reads opset 17" in _json(capsys)["notes"][0]


def test_model_check_draws_and_writes_the_sidecar(model, pictures, tmp_path, capsys):
    words = ["model", "check", str(model), "--image", str(pictures / "a.png"), "--output", str(tmp_path / "d.png")]
    assert main([*words, "--write", "--json"]) == 0
    report = _json(capsys)
    assert cv2.imread(str(tmp_path / "d.png")).shape == (HW[0] + STRIP_PX, 2 * HW[1], 3)  # by two kernels
    assert report["picture"]["kernels"].keys() == {"linear", "area"}
    assert report["picture"]["kernels"]["linear"]["people"] == report["picture"]["people"] == 1
    assert report["sidecar"] == str(tmp_path / "pose.json")
    assert read_contract(model).origin == report["sidecar"]
    assert report["picture"]["backend"].startswith("openvino")


def test_model_check_says_how_pictures_are_scaled(model, pictures, tmp_path, capsys):
    words = ["model", "check", str(model), "--image", str(pictures / "a.png"), "--output", str(tmp_path / "d.png")]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "scaled linear" in printed and "scaling: linear" in printed
    assert "kernels: linear 1 people, 18 keypoints; area 1 people, 18 keypoints" in printed


def test_a_kernel_that_shows_many_more_keypoints_is_worth_a_doubt():
    counts = [{"keypoints": 18}, {"keypoints": 40}]
    (doubt,) = kernel_doubts(("area", "linear"), counts)
    assert 'write "resize": "linear" into the sidecar' in doubt
    assert kernel_doubts(("area", "linear"), [{"keypoints": 38}, {"keypoints": 40}]) == []


def test_model_check_doubts_a_background_that_is_none(tmp_path, pictures, capsys):
    model = write_export(tmp_path / "o.onnx", EXPORTS["openpose, PAFs first"], HW, [one_person()])
    words = ["model", "check", str(model), "--image", str(pictures / "a.png"), "--output", str(tmp_path / "d.png")]
    assert main([*words, "--height", "256", "--json"]) == 0
    assert any("the other way round" in doubt for doubt in _json(capsys)["picture"]["doubts"])


@pytest.mark.parametrize("verb", ["predict", "evaluate", "model", "doctor"])
def test_help_has_an_example(verb, capsys):
    assert main([verb, "--help"]) == 0
    assert "example" in capsys.readouterr().out
