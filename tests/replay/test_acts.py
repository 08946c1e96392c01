"""Clips with labels of what people do: how they are played, judged and counted."""

from __future__ import annotations

import json

import numpy as np
import pytest
from builders import sitting, standing

from edgepose.cli import main
from edgepose.replay.act_scores import judge, summary
from edgepose.replay.acts import load_acts, takes
from edgepose.replay.rules import Told
from edgepose.types import Event

UP, SEATED = standing((300, 400)), sitting((300, 400))


def clip(folder, name, figures, **entry):
    np.savez(folder / f"{name}.npz", keypoints=np.stack(figures)[:, None], fps=10, width=640, height=480)
    return {"clip_id": name, "dataset": "tiny", "file": f"{name}.npz", "activity": name, **entry}


@pytest.fixture
def manifest(tmp_path):
    def write(*entries):
        (tmp_path / "m.json").write_text(json.dumps({"clips": entries}))
        return tmp_path / "m.json"

    return write


def test_ends_are_held_stills_are_shown_and_exercises_go_to_and_fro(tmp_path, manifest):
    moves = [UP + np.float32([10 * i, 0, 0]) for i in range(5)]
    path = manifest(
        clip(tmp_path, "held", moves, truth={"hold_s": [1, 2]}),
        clip(tmp_path, "stills", moves, truth={}, stills=True),
        clip(tmp_path, "exercise", moves, truth={"to_and_fro_s": 5}),
    )
    held, stills, exercise = load_acts(path)
    assert [len(one.frames) for one in takes(held)] == [10 + 5 + 20]
    assert [len(one.frames) for one in takes(stills)] == [14] * 5
    assert [len(one.frames) for one in takes(exercise)] == [5]
    (long,) = takes(exercise, exercise_s=3)
    x = [frame.people[0].keypoints[1, 0] - UP[1, 0] for frame in long.frames]
    assert x[:10] == [0, 10, 20, 30, 40, 30, 20, 10, 0, 10] and len(x) == 30


def test_both_halves_together_are_all_and_nobody_is_in_both(tmp_path, manifest):
    entries = [clip(tmp_path, f"c{i}", [UP], truth={}, subject=i // 2) for i in range(12)]
    path = manifest(*entries, clip(tmp_path, "stills", [UP] * 5, truth={}, stills=True))
    whole = [[one.clip_id for one in load_acts(path, half=half) if not one.stills] for half in (1, 2)]
    assert sorted(name for part in whole for name in part) == sorted(f"c{i}" for i in range(12)) and all(whole)
    assert not {int(name[1:]) // 2 for name in whole[0]} & {int(name[1:]) // 2 for name in whole[1]}
    assert [len(list(takes(load_acts(path, half=half)[-1]))) for half in (1, 2)] == [2, 3]


def told(*words):
    return [Told(i, Event(*word.split(), float(i), 1)) for i, word in enumerate(words)]


@pytest.mark.parametrize(
    ("truth", "events", "answer"),
    [
        ({"posture": ["sitting"]}, ["posture standing", "posture sitting"], ("posture", True)),
        ({"posture": ["sitting"]}, ["posture sitting", "posture standing"], ("posture", False)),
        ({"posture": ["sitting"]}, [], ("posture", False)),
        ({"posture_not": ["lying"]}, ["posture lying", "posture standing"], ("wrong_posture", True)),
        ({"gesture": ["wave"]}, ["gesture hands_up", "gesture wave"], ("gesture", True)),
        ({"gesture": ["wave"]}, ["gesture hands_up"], ("gesture", False)),
        ({"gesture": "none"}, ["activity still"], ("false_gesture", False)),
        ({"gesture": "none"}, ["gesture help"], ("false_gesture", True)),
        ({"activity": ["getting_up"]}, ["activity getting_up"], ("activity", True)),
        ({"activity_not": ["walking"]}, ["activity walking"], ("wrong_activity", True)),
    ],
    ids=str,
)
def test_a_clip_is_judged_by_its_truth(tmp_path, manifest, truth, events, answer):
    (act,) = load_acts(manifest(clip(tmp_path, "a", [UP], truth=truth)))
    (verdict,) = judge(act, "a", told(*events))
    assert (verdict.what, verdict.yes) == answer
    assert verdict.right == (verdict.yes != verdict.what.startswith(("wrong", "false")))


def test_every_class_weighs_the_same_and_what_was_told_instead_is_counted(tmp_path, manifest):
    names = ["a", "b", "c", "d"]
    path = manifest(*(clip(tmp_path, n, [UP], truth={"posture": ["standing"]}) for n in names))
    entries = json.loads(path.read_text())["clips"]
    for entry in entries:
        entry["activity"] = "rare" if entry["clip_id"] == "a" else "often"
    acts = load_acts(manifest(*entries))
    verdicts = [v for act in acts for v in judge(act, "", told("posture standing" if act.clip_id == "a" else "x y"))]
    report = summary(verdicts)["posture"]
    assert (report["mean"], report["yes"], report["asked"]) == (0.5, 1, 4)
    assert report["confusion"] == {"standing": {"nothing": 3, "standing": 1}}


def test_the_verb_scores_and_draws_every_kind_of_mistake(tmp_path, manifest, capsys):
    path = manifest(
        clip(tmp_path, "up", [UP] * 20, truth={"posture": ["standing"], "gesture": "none"}),
        clip(tmp_path, "seated", [SEATED] * 20, truth={"posture": ["lying"]}),
    )
    assert main(["acts-eval", str(path), "--pictures", str(tmp_path / "wrong"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["posture"]["groups"]["tiny up"] == {"yes": 1, "asked": 1}
    assert report["posture"]["groups"]["tiny seated"] == {"yes": 0, "asked": 1}
    assert report["false_gesture"]["yes"] == 0
    (picture,) = (tmp_path / "wrong").iterdir()
    assert picture.stat().st_size > 1000


@pytest.mark.parametrize(
    ("change", "flags", "words"),
    [
        ({"truth": {"posture": ["upright"]}}, [], "posture"),
        ({"truth": {"hold_s": [-1, 2]}}, [], "hold_s"),
        ({"file": "gone.npz"}, [], "gone.npz"),
        ({}, ["--dataset", "other"], "tiny"),
        ({}, ["--every", "0"], "--every"),
        ({}, ["--exercise", "nan"], "--exercise"),
    ],
    ids=["a posture nobody knows", "a negative time", "no file", "no such set", "every 0", "no number"],
)
def test_a_bad_manifest_or_flag_is_one_sentence(tmp_path, manifest, capsys, change, flags, words):
    path = manifest(clip(tmp_path, "a", [UP], truth={"posture": ["standing"]}) | change)
    assert main(["acts-eval", str(path), *flags]) == 1
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1
