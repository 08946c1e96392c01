"""Recordings go through tracking and rules again, and falls are held against labels."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from builders import lying, standing

from edgepose import FrameResult
from edgepose.cli import main
from edgepose.config import Config
from edgepose.errors import DataError
from edgepose.publish.jsonl import JsonlPublisher
from edgepose.publish.options import JsonlOptions
from edgepose.replay import load_recording, replay, verdict
from edgepose.replay.falls import judge, summary
from edgepose.replay.manifest import load_manifest
from edgepose.replay.rules import Told
from edgepose.replay.timeline import draw_timeline
from edgepose.tracking import Tracker
from edgepose.types import Event, Pose

FPS = 15
UP, FLOOR = standing((300, 400)), lying((200, 380))


def keypoints(falls: bool) -> np.ndarray:
    """[T, 1, 18, 3]: two seconds upright, then a fall in 0.7 s or more standing, four seconds more."""
    shares = np.clip((np.arange(100) / FPS - 2) / 0.7, 0, 1) * falls
    return np.stack([UP + share * (FLOOR - UP) for share in shares])[:, None]


@pytest.fixture
def clips(tmp_path) -> Path:
    """A manifest of one fall and one clip without, as NPZ."""
    entries = []
    for name, falls in (("fall", True), ("stand", False)):
        np.savez(tmp_path / f"{name}.npz", keypoints=keypoints(falls), fps=FPS, width=640, height=480)
        label = "fall" if falls else "not_fall"
        entry = {"clip_id": name, "file": f"{name}.npz", "fps": FPS, "label": label, "dataset": "tiny", "split": "dev"}
        entries.append(entry | ({"onset_frame": 30, "impact_frame": 40} if falls else {}))
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"clips": entries}))
    return manifest


def test_an_npz_is_tracked_and_judged(clips):
    (recording,) = load_recording(clips.parent / "fall.npz")
    assert {"fall suspected", "fall confirmed"} <= set(verdict(replay(recording, Config())))


def test_lines_of_the_publisher_give_the_same_falls(clips, tmp_path):
    (recording,) = load_recording(clips.parent / "fall.npz")
    publisher, tracker = JsonlPublisher(JsonlOptions(path=str(tmp_path / "fall.jsonl"))), Tracker()
    for frame in recording.frames:
        publisher.publish(FrameResult("hall", frame.number, frame.t, (640, 480), tracker.update(frame.people, frame.t)))
    publisher.close()
    (again,) = load_recording(tmp_path / "fall.jsonl")
    told = [(one.frame, one.event.stage) for one in replay(recording, Config(), ["fall"])]
    assert [(one.frame, one.event.stage) for one in replay(again, Config(), ["fall"])] == told != []


def test_zero_with_a_score_is_absent(tmp_path):
    points = keypoints(False)
    points[:, :, 4] = (0, 0, 0.7)
    np.savez(tmp_path / "a.npz", keypoints=points, fps=FPS, width=640, height=480)
    pose = load_recording(tmp_path / "a.npz")[0].frames[0].people[0]
    assert isinstance(pose, Pose) and not pose.found[4]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.npz", b"no archive", "cannot be read as NPZ"),
        ("a.jsonl", b"{}\n{}\n", "no edgepose.frame/1 record"),
        ("a.jsonl", b"", "holds no frames"),
    ],
    ids=["npz", "lines", "empty"],
)
def test_what_is_no_recording_is_refused_in_words(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        load_recording(tmp_path / name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fps": None}, "lacks 'fps'"),
        ({"keypoints": np.zeros((4, 17, 3))}, "shape"),
        ({"fps": 0}, "0 fps .* wanted are 0.01"),
        ({"width": np.inf}, "inf x 480"),
        ({"fps": np.zeros(0)}, "nan fps"),
        ({"fps": "ten"}, "nan fps"),
        ({"keypoints": np.zeros((3_000_000, 0, 18, 3))}, "at most 2592000 frames"),
        ({"keypoints": np.array([None])}, "holds Python objects"),
        ({"keypoints": np.zeros((4, 1, 18, 3), complex)}, "shape"),
    ],
    ids=["no rate", "wrong shape", "rate zero", "no end", "none", "text", "too long", "objects", "complex"],
)
def test_an_incomplete_npz_is_refused_in_words(tmp_path, change, words):
    values = {"keypoints": keypoints(False), "fps": FPS, "width": 640, "height": 480} | change
    np.savez(tmp_path / "a.npz", **{name: value for name, value in values.items() if value is not None})
    with pytest.raises(DataError, match=words):
        load_recording(tmp_path / "a.npz")


def test_replay_prints_one_json_document(clips, capsys):
    assert main(["replay", str(clips.parent / "fall.npz"), "--json"]) == 0
    (file,) = json.loads(capsys.readouterr().out)["files"]
    event = next(event for event in file["events"] if event["stage"] == "suspected")
    assert set(event) == {"kind", "stage", "frame", "seconds", "track_id", "score", "evidence"}
    assert event["seconds"] == pytest.approx(event["frame"] / FPS, abs=1e-3)


def test_comparing_shows_which_verdicts_would_change(clips, tmp_path, capsys):
    deaf = tmp_path / "deaf.toml"
    deaf.write_text("[fall]\ndrop = 9.0\ndrop_speed = 9.0\nslow_lying_s = 99.0\n")
    files = [str(clips.parent / f"{name}.npz") for name in ("fall", "stand")]
    assert main(["replay", *files, "--compare", str(deaf), "--json"]) == 0
    (changed,) = json.loads(capsys.readouterr().out)["changed"]
    assert changed["file"].endswith("fall.npz")
    assert "fall suspected" in changed["before"] and "fall suspected" not in changed["after"]


def test_falls_are_counted_per_data_set_and_camera(clips):
    outcomes = [judge(clip, replay(load_recording(clip.npz)[0], Config(), ["fall"])) for clip in load_manifest(clips)]
    report = summary(outcomes)
    assert report["datasets"]["tiny"] == report["all"]
    assert (report["all"]["detected"], report["all"]["false_alarms"], report["wrong"]) == (1, 0, [])
    assert abs(report["delay_s"]["median"]) < 0.5


def test_a_fall_guessed_before_it_began_is_not_detected(clips):
    (fall, _) = load_manifest(clips)
    told = replay(load_recording(fall.npz)[0], Config(), ["fall"])
    late = next(one for one in told if one.event.stage == "suspected")
    assert judge(fall, [late]).detected
    later_label = type(fall)(
        **{**{n: getattr(fall, n) for n in fall.__dataclass_fields__}, "onset_s": late.event.t + 1}
    )
    assert not judge(later_label, [late]).detected


def test_any_stage_that_alarms_detects_and_who_lies_there_from_the_start_may_be_found_down(clips):
    (fall, stand) = load_manifest(clips)
    found_down = Told(80, Event("fall", "found_down", 8.0, 1))
    assert judge(fall, [found_down]).detected and not judge(fall, [Told(80, Event("fall", "unknown", 8.0, 1))]).detected
    assert judge(stand, [found_down]).detected  # a false alarm
    lies = dataclasses.replace(stand, lies_from_start=True)
    assert not judge(lies, [found_down]).detected
    assert judge(lies, [found_down, Told(90, Event("fall", "suspected", 9.0, 1))]).detected


def test_a_fall_is_confirmed_in_time_within_three_seconds_of_its_impact_where_the_clip_goes_on_so_long(clips):
    (fall, stand) = load_manifest(clips)
    fall = dataclasses.replace(fall, onset_s=4.0, impact_s=5.0)
    told = [Told(52, Event("fall", "suspected", 5.2, 1)), Told(79, Event("fall", "confirmed", 7.9, 1))]
    late = [told[0], Told(81, Event("fall", "confirmed", 8.1, 1))]
    cases = [(told, 9.0), (late, 9.0), (told[:1], 9.0), (told, 7.95)]
    outcomes = [judge(fall, events, last_s) for events, last_s in cases]
    assert [one.confirmed_in_time for one in outcomes] == [True, False, False, True]
    assert [one.goes_on for one in outcomes] == [True, True, True, False]
    report = summary([*outcomes, judge(stand, told, 9.0)])["all"]
    assert (report["lasting"], report["confirmed_in_time"]) == (3, 1)


def test_fall_eval_reports_and_draws_wrong_clips(clips, tmp_path, capsys):
    wrong = json.loads(clips.read_text())
    wrong["clips"][1]["label"] = "fall"
    clips.write_text(json.dumps(wrong))
    assert main(["fall-eval", str(clips), "--split", "dev", "--pictures", str(tmp_path / "wrong"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [one["clip"] for one in report["wrong"]] == ["stand"]
    assert (tmp_path / "wrong/stand.png").stat().st_size > 1000


ENTRY = {"clip_id": "a", "dataset": "tiny", "label": "fall", "file": "a.npz", "fps": 15}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not JSON with clips"),
        ('{"clips": [{}]}', "not JSON with clips"),
        ('{"clips": 3}', "not JSON with clips"),
        ('{"clips": []}', "no clips"),
        *(
            (json.dumps({"clips": [ENTRY | change]}), words)
            for change, words in [
                ({"fps": 0}, "`float` > 0.0 - at `$.clips[0].fps`"),
                ({"fps": "fast"}, "`float`, got `str`"),
                ({"label": "Fall"}, "enum value 'Fall'"),
                ({"clip_id": None}, "clip_id"),
                ({"onset_frame": "early"}, "onset_frame"),
                ({"file": ""}, "length >= 1"),
                ({"video": ["a.mp4"]}, "video"),
            ]
        ),
    ],
    ids=[
        "text",
        "deep",
        "list",
        "empty entry",
        "number",
        "no entry",
        "rate zero",
        "rate in words",
        "unknown label",
        "no id",
        "onset in words",
        "no file",
        "videos",
    ],
)
def test_a_bad_manifest_is_one_sentence(tmp_path, capsys, text, words):
    (tmp_path / "m.json").write_text(text)
    assert main(["fall-eval", str(tmp_path / "m.json")]) == 1
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1


def test_a_clip_is_drawn_inside_its_folder_whatever_its_name(clips, tmp_path, capsys):
    wrong = json.loads(clips.read_text())
    wrong["clips"][1] |= {"label": "fall", "clip_id": "../stand"}
    clips.write_text(json.dumps(wrong))
    before = {path.name for path in tmp_path.iterdir()}
    assert main(["fall-eval", str(clips), "--pictures", str(tmp_path / "wrong"), "--json"]) == 0
    assert {path.name for path in tmp_path.iterdir()} - before == {"wrong"}
    assert len(list((tmp_path / "wrong").iterdir())) == 1


@pytest.mark.parametrize("flags", [["--height", "-8"], ["--every", "0"], ["--videos"]], ids=" ".join)
def test_a_flag_that_cannot_be_is_one_sentence(clips, capsys, flags):
    assert main(["fall-eval", str(clips), *flags]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_timeline_shows_the_moment_of_the_fall(clips):
    (recording,) = load_recording(clips.parent / "fall.npz")
    told = replay(recording, Config(), ["fall"])
    picture = draw_timeline(recording, told, "a fall", Config().tracking, impact_s=2.7)
    assert picture.dtype == np.uint8 and (picture == (30, 30, 210)).all(-1).sum() > 100


def test_the_development_clips_are_judged_as_the_docs_say(shared):
    """A dozen of them; all of them with: edgepose fall-eval MANIFEST --split dev."""
    clips = load_manifest(shared / "fall/manifest_dev.json", "dev")[::9]
    outcomes = [judge(clip, replay(load_recording(clip.npz)[0], Config(), ["fall"])) for clip in clips]
    assert [one.clip.clip_id for one in outcomes if not one.right] == []
