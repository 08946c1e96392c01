"""camera test: numbers of a look, and the advice that follows from them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.cli import main
from edgepose.cli.camera_look import Look, People, advice, find_people, watch
from edgepose.sources import open_source
from edgepose.types import Pose

GOOD = Look(
    live=True, size_wh=(640, 480), frames=75, fps=15.0, longest_gap_s=0.1, different=75, brightness=120, contrast=50
)
CLOSE = People(heights_px=(300.0, 200.0), network_scale=0.5)


def person(height: float) -> Pose:
    keypoints = np.full((18, 3), (np.nan, np.nan, 0), np.float32)
    keypoints[0], keypoints[10] = (5, 10, 1), (5, 10 + height, 1)
    return Pose(keypoints, 1.0)


def test_a_good_camera_needs_no_advice():
    assert advice(GOOD, CLOSE) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"contrast": 3.0}, "one colour"),
        ({"brightness": 20.0}, "too dark"),
        ({"brightness": 240.0}, "too bright"),
        ({"different": 1}, "frozen"),
        ({"fps": 4.0, "longest_gap_s": 0.3}, "few for falls"),
        ({"longest_gap_s": 2.0}, "stutters"),
    ],
)
def test_each_fault_is_named_alone(change, says):
    (sentence,) = advice(replace(GOOD, **change), CLOSE)
    assert says in sentence


def test_a_recording_is_not_called_frozen_or_slow():
    recording = replace(GOOD, live=False, fps=1.0, different=1, longest_gap_s=9.0)
    assert advice(recording, CLOSE) == []


def test_small_people_are_told_with_the_height_that_would_do():
    (sentence,) = advice(GOOD, People(heights_px=(200.0, 50.0), network_scale=0.5))
    assert "25 pixels" in sentence
    assert "height of 480" in sentence


def test_nobody_found_asks_for_somebody():
    (sentence,) = advice(GOOD, People())
    assert "let someone stand" in sentence


def test_the_picture_with_most_people_is_the_one_told():
    pictures = [np.zeros((4, 4, 3), np.uint8)] * 3
    answers = iter([[person(10)], [person(20), person(90)], []])
    people = find_people(pictures, lambda _: next(answers), 0.5)
    assert (people.best, people.heights_px) == (1, (90.0, 20.0))


def test_a_look_counts_frames_rate_and_brightness():
    source = open_source("synthetic://?people=0&width=64&height=48&fps=50&live=true&frames=0")
    look = watch(source, 0.5)
    source.close()
    assert look.size_wh == (64, 48)
    assert look.fps == pytest.approx(50, rel=0.3)
    assert 100 < look.brightness < 210
    assert 1 <= len(look.kept) <= 5


def test_the_verb_reports_and_draws(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setattr("edgepose.look.estimator.PoseEstimator", FakeEstimator)
    drawn = tmp_path / "hall.jpg"
    assert main(["camera", "test", "synthetic://?frames=8&people=1", "--json", "-o", str(drawn)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["size_wh"] == [640, 480]
    assert report["frames"] == 8
    assert report["people_height_px"] == [200]
    assert cv2.imread(str(drawn)).shape == (480, 640, 3)


def test_without_a_network_the_rest_is_still_told(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setattr("edgepose.look.estimator.PoseEstimator", no_network)
    assert main(["camera", "test", "synthetic://?frames=3", "--json", "-o", str(tmp_path / "x.jpg")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["people"] is None
    assert any("not looked for" in sentence for sentence in report["advice"])


def test_a_camera_that_is_not_there_is_one_sentence(capsys):
    assert main(["camera", "test", "v4l2:///dev/video63"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("edgepose: camera 'video63'")
    assert said.count("\n") == 1


class FakeEstimator:
    """Finds one person of 200 pixels in every picture."""

    def __init__(self, _model: object) -> None:
        from edgepose.model import ModelSpec

        self.spec = ModelSpec(name="fake")

    def __call__(self, _image: object) -> list[Pose]:
        return [person(200)]

    def __enter__(self) -> FakeEstimator:
        return self

    def __exit__(self, *_: object) -> None: ...


def no_network(_model: object) -> None:
    from edgepose.errors import ModelError

    raise ModelError("no network is shipped")
