"""Which setting would have been best on recordings marked right or wrong; nothing is changed by asking."""

from __future__ import annotations

import json
import time

import cv2
import numpy as np
import pytest
from builders import lying, standing

from edgepose.alerts.acknowledgement import Acknowledgement
from edgepose.alerts.desk import AlertDesk
from edgepose.alerts.spool import Spool
from edgepose.cli import main
from edgepose.clock import uuid7
from edgepose.config import Config
from edgepose.pipeline.trail import Trails
from edgepose.replay.chart import Line, _beside, draw_chart
from edgepose.replay.manifest import load_manifest
from edgepose.replay.recording import recording_of
from edgepose.replay.rules import tracked
from edgepose.replay.tuning import Marked, best, today, trade_off, try_settings
from edgepose.types import Event, FrameResult

FPS = 10
UP, FLOOR = standing((300, 400)), lying((200, 380))


def keypoints(way_s: float, down_s: float, last_s: float = 13.0) -> np.ndarray:
    """[T, 1, 18, 3]: two seconds upright, `way_s` on the way down, `down_s` on the floor, then up again."""
    t = np.arange(round(last_s * FPS)) / FPS
    shares = np.interp(t, [0, 2, 2 + way_s, 2 + way_s + down_s, 2.7 + way_s + down_s], [0, 0, 1, 1, 0])
    return np.stack([UP + share * (FLOOR - UP) for share in shares])[:, None]


RECORDINGS = {"falls": (keypoints(0.7, 60), True), "gets up": (keypoints(0.7, 2.6), False)}


def marked(entries) -> list[Marked]:
    return [
        Marked(clip, tracked(recording_of(clip.clip_id, points, FPS, (640, 480)), Config().tracking))
        for clip, points in entries
    ]


@pytest.fixture
def manifest(tmp_path):
    def write(names=RECORDINGS):
        for name in names:
            np.savez(tmp_path / f"{name}.npz", keypoints=RECORDINGS[name][0], fps=FPS, width=640, height=480)
        labels = {name: "fall" if RECORDINGS[name][1] else "not_fall" for name in names}
        clips = [
            {"clip_id": name, "file": f"{name}.npz", "fps": FPS, "label": label, "dataset": "mine"}
            for name, label in labels.items()
        ]
        (tmp_path / "mine.json").write_text(json.dumps({"clips": clips}))
        return tmp_path / "mine.json"

    return write


def test_who_gets_up_after_three_seconds_asks_for_a_longer_confirm_time(manifest):
    clips = load_manifest(manifest())
    rows = try_settings(marked((clip, RECORDINGS[clip.clip_id][0]) for clip in clips), Config())
    now, chosen = today(rows, Config()), best(rows, Config())
    assert (now.sensitivity, now.confirm_s, now.detected, now.confirmed_false) == (0.5, Config().fall.confirm_s, 1, 1)
    assert (chosen.detected, chosen.confirmed, chosen.confirmed_false) == (1, 1, 0)
    assert chosen.confirm_s >= 3 and chosen.cost < now.cost
    assert chosen.wait_s == pytest.approx(chosen.confirm_s, abs=0.5)


def test_among_equals_the_setting_of_today_is_the_best(manifest):
    clips = [clip for clip in load_manifest(manifest()) if clip.is_fall]
    rows = try_settings(marked((clip, RECORDINGS["falls"][0]) for clip in clips), Config())
    assert best(rows, Config()) is today(rows, Config())


def test_more_sensitivity_never_loses_a_fall_and_the_chart_marks_what_was_chosen(manifest):
    clips = load_manifest(manifest())
    rows = try_settings(marked((clip, RECORDINGS[clip.clip_id][0]) for clip in clips), Config())
    detected = [one.detected for one in rows if one.confirm_s == 2.0]
    assert detected == sorted(detected) and detected[-1] == 1
    now, chosen = today(rows, Config()), best(rows, Config())
    for line in trade_off(rows, now, chosen):
        assert len(line.points) == len(line.words) == len({one.sensitivity for one in rows})
        assert line.words[line.mark] in (f"{chosen.sensitivity:g}", f"{now.sensitivity:g}")
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in line.points)


def test_the_verb_says_it_in_words_in_json_and_as_a_picture(manifest, tmp_path, capsys):
    path, picture = manifest(), tmp_path / "trade-off.png"
    assert main(["tune", str(path), "--picture", str(picture)]) == 0
    said = capsys.readouterr().out
    assert "nothing was changed; to try it: fall.sensitivity = " in said and "few" in said
    assert cv2.imread(str(picture)).shape == (560, 900, 3)
    assert main(["tune", str(path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["falls"], report["not_falls"]) == (1, 1)
    assert report["today"]["confirmed_false"] == 1 and report["best"]["confirmed_false"] == 0
    assert report["best"] in report["settings"] and report["today"] in report["settings"]


@pytest.fixture
def answered(tmp_path, monkeypatch) -> str:
    """A spool with a fall that was helped, one that was a false alarm, and one without skeletons."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    desk = AlertDesk("jetson", Spool(tmp_path / "alerts.db"))
    answers = {"falls": "helped", "gets up": "false_alarm"}
    for name, answer in answers.items():
        trails = Trails(desk.store.keep_skeletons)
        now = time.monotonic()
        alert = desk.take("hall", Event("fall", "confirmed", now, started_t=now, episode=uuid7()))
        recording = tracked(recording_of(name, RECORDINGS[name][0], FPS, (640, 480)), Config().tracking)
        for frame in recording.frames:
            trails.add(FrameResult("hall", frame.number, frame.t, (640, 480), frame.people))
        trails.begin(alert, "hall", frame.t)
        trails.close()
        desk.acknowledge(Acknowledgement(alert.id, answer, "anna"))
    forgotten = desk.take("hall", Event("fall", "confirmed", now, started_t=now, episode=uuid7()))
    desk.acknowledge(Acknowledgement(forgotten.id, "false_alarm", "anna"))
    desk.store.close()
    return str(tmp_path / "alerts.db")


def test_answered_incidents_with_their_skeletons_are_recordings_too(answered, capsys):
    assert main(["tune", "--incidents", "--spool", answered, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["falls"], report["not_falls"], report["incidents_without_skeletons"]) == (1, 1, 1)
    assert report["today"]["confirmed_false"] == 1 and report["best"]["confirmed_false"] == 0


def test_replay_holds_settings_against_the_marks(answered, tmp_path, capsys):
    (tmp_path / "never.toml").write_text(
        "[fall]\ndrop = 50.0\nslow_lying_s = 1e6\nfound_down_s = 1e6\nfound_moving_s = 1e6\n"
    )
    words = ["replay", "--incidents", "--spool", answered]
    assert main([*words, "--compare", str(tmp_path / "never.toml"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["false_alarm"] == {"marked": 1, "now": 1, "then": 0}
    assert report["helped"] == {"marked": 1, "now": 1, "then": 0}
    assert (report["incidents"], report["without_skeletons"]) == (3, 1)
    assert sorted(str(row["mark"]) for row in report["falls"]) == ["false_alarm", "false_alarm", "helped"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "1 marked false_alarm: 1 alarm" in said and "other configuration" not in said


@pytest.mark.parametrize("words", [[], ["a.jsonl", "--incidents"], ["a.jsonl", "--spool", "alerts.db"]])
def test_recordings_or_incidents_are_named_and_not_both(words, capsys):
    assert main(["replay", *words]) == 1
    assert "name recordings to replay, or --incidents" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "more", "words"),
    [
        (["falls"], [], "wanted recordings with and without a fall, found 1 with one and 0 without"),
        (["gets up"], [], "found 0 with one and 1 without"),
        (list(RECORDINGS), ["missing.json"], "manifest 'missing.json' cannot be read"),
        (list(RECORDINGS), ["--picture", "trade-off.txt"], "give a file that ends in .jpg or .png"),
        (list(RECORDINGS), ["--incidents", "--spool", "none.db"], "none.db"),
    ],
    ids=["only falls", "no fall", "no manifest", "no picture", "no spool"],
)
def test_what_cannot_be_answered_is_one_sentence(names, more, words, manifest, capsys):
    assert main(["tune", str(manifest(names)), *more]) == 1
    said = capsys.readouterr().err
    assert words in said and "Traceback" not in said


def test_nothing_at_all_is_one_sentence(capsys):
    assert main(["tune"]) == 1
    assert "found 0 with one and 0 without" in capsys.readouterr().err


def test_a_recording_that_is_not_there_or_has_not_the_camera_is_one_sentence(tmp_path, capsys):
    clip = {"clip_id": "a", "file": "a.jsonl", "fps": FPS, "label": "fall", "dataset": "mine", "camera": "kitchen"}
    (tmp_path / "mine.json").write_text(json.dumps({"clips": [clip]}))
    assert main(["tune", str(tmp_path / "mine.json")]) == 1
    assert "does not exist" in capsys.readouterr().err


def test_points_on_one_place_share_their_words_as_a_range():
    line = Line("a", [(0.0, 1.0), (0.1, 1.0), (0.1, 1.0)], ["0.2", "0.3", "0.4"], 0)
    assert _beside(line) == {(0.0, 1.0): "0.2", (0.1, 1.0): "0.3 to 0.4"}
    assert draw_chart("a", "x", "y", [line]).shape == draw_chart("a", "x", "y", []).shape == (560, 900, 3)
