"""Recordings in JSON lines: several cameras, runs and picture sizes in one file of any length."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from builders import lying, standing

from edgepose.cli import main
from edgepose.config import Config, ZoneEntry
from edgepose.errors import DataError
from edgepose.replay import load_recording, replay
from edgepose.types import FrameResult, Pose, Track
from edgepose.types.result import encode

WH = (640, 480)
UP, FLOOR = standing((300, 400)), lying((200, 380))


def frame(seq: int, keypoints: np.ndarray, *, t: float | None = None, source="hall", size_wh=WH) -> FrameResult:
    """A frame of a camera at 10 pictures per second, with one person."""
    scale = np.array([size_wh[0] / WH[0], size_wh[1] / WH[1], 1], np.float32)
    second = 100 + seq / 10 if t is None else t
    track = Track(1, Pose((keypoints * scale).astype(np.float32), 0.8), second, age_s=seq / 10)
    return FrameResult(source, seq, second, size_wh, (track,))


def fall(source: str = "hall") -> list[FrameResult]:
    """Two seconds upright, a fall of 0.7 s, four seconds on the floor."""
    shares = np.clip((np.arange(67) / 10 - 2) / 0.7, 0, 1)
    return [frame(seq, UP + share * (FLOOR - UP), source=source) for seq, share in enumerate(shares)]


def write(path: Path, frames: Iterable[FrameResult]) -> Path:
    path.write_bytes(b"".join(encode(one) + b"\n" for one in frames))
    return path


def stages(recording, config: Config = Config()) -> list[str]:  # noqa: B008
    return [one.event.stage for one in replay(recording, config, ["fall"])]


def test_a_picture_that_changes_its_size_begins_a_new_scene(tmp_path):
    """Somebody lies in bed; the camera comes back with twice the size, in which the bed is somewhere else in pixels."""
    night = [frame(seq, FLOOR, size_wh=WH if seq < 60 else (1280, 960)) for seq in range(120)]
    xy = FLOOR[:, :2] / WH
    (x0, y0), (x1, y1) = xy.min(0) - 0.05, xy.max(0) + 0.05
    bed = ZoneEntry(name="bed", policy="bed", polygon=((x0, y0), (x1, y0), (x1, y1), (x0, y1)))
    (recording,) = load_recording(write(tmp_path / "night.jsonl", night))
    assert recording.size_wh == WH and len(recording.frames) == 120
    assert stages(recording, Config(zones=(bed,))) == []


def test_a_fall_that_is_open_when_the_size_changes_is_unknown(tmp_path):
    frames = fall()[:60]
    frames += [frame(seq, UP, size_wh=(1280, 960)) for seq in range(60, 90)]
    (recording,) = load_recording(write(tmp_path / "r.jsonl", frames))
    assert stages(recording) == ["suspected", "confirmed", "unknown"]


def test_a_run_that_was_appended_is_a_recording_of_its_own(tmp_path):
    """Its seconds begin anew after a reboot, and so do its numbers; nothing of the first run is known to it."""
    path = write(tmp_path / "r.jsonl", fall() + fall())
    first, second = load_recording(path)
    assert (first.name, second.name) == (f"{path} run 1", f"{path} run 2")
    assert len(first.frames) == len(second.frames) == 67
    assert stages(first) == stages(second) == ["suspected", "confirmed"]


@pytest.mark.parametrize(
    "again",
    [
        [frame(0, UP, t=500.0), frame(1, UP, t=500.1)],
        [frame(9, UP, t=2.0), frame(10, UP, t=2.1)],
        [frame(2, UP, t=500.0)],
    ],
    ids=["its numbers begin anew", "its seconds begin anew", "one frame again"],
)
def test_a_new_run_shows_in_its_numbers_or_in_its_seconds(tmp_path, again):
    path = write(tmp_path / "r.jsonl", [*(frame(seq, UP) for seq in range(3)), *again])
    assert [len(one.frames) for one in load_recording(path)] == [3, len(again)]


def test_a_gap_is_no_new_run(tmp_path):
    path = write(tmp_path / "r.jsonl", [frame(0, UP), frame(5000, UP)])
    assert [len(one.frames) for one in load_recording(path)] == [2]


def test_cameras_of_two_runs_are_told_apart(tmp_path):
    mixed = [one for pair in zip(fall("hall"), fall("door"), strict=True) for one in pair]
    path = write(tmp_path / "r.jsonl", mixed + fall("hall"))
    recordings = load_recording(path)
    assert [one.name for one in recordings] == [
        f"{path} [hall] run 1",
        f"{path} [door] run 1",
        f"{path} [hall] run 2",
    ]
    assert [stages(one) for one in recordings] == [["suspected", "confirmed"]] * 3


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "r.jsonl"
    line = encode(frame(0, UP)).replace(b'"seq":0', b'"seq":%d').replace(b'"t":100.0', b'"t":%d.0', 1)
    path.write_bytes(b"".join(line % (seq, seq) + b"\n" for seq in range(6000)))
    assert path.stat().st_size > 3_000_000
    tracemalloc.start()
    (recording,) = load_recording(path)
    replay(recording, Config(), ["fall"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(recording.frames) == 6000 and peak < 2_000_000


def test_frames_can_be_gone_through_again_and_thinned(tmp_path):
    (recording,) = load_recording(write(tmp_path / "r.jsonl", fall()))
    thinned = recording.every(3)
    for _ in range(2):
        assert [one.number for one in thinned.frames] == list(range(0, 67, 3))
    assert len(thinned.frames) == 23


GOOD = encode(frame(0, UP))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (GOOD.replace(b"[640,480]", b"[0,480]"), "`int` >= 1"),
        (GOOD.replace(b"[640,480]", b"[640,99999999999]"), "`int` <= 65536"),
        (GOOD.replace(b'"t":100.0', b'"t":1e300'), "<= 1000000000000.0"),
        (GOOD.replace(b'"keypoints":[[', b'"keypoints":[[1,2,3],['), "a person of 19 keypoints"),
        (GOOD.replace(b'"keypoints":[[', b'"keypoints":[[1e300,2,3],['), "<= 1000000.0"),
        (GOOD.replace(b'"events":[]', b'"events":' + b"[" * 100_000), "no edgepose.frame/1 record"),
        (GOOD.replace(b"hall", b"h\xff\xfe"), "no edgepose.frame/1 record"),
        (b"\0" * 100, "no edgepose.frame/1 record"),
        (b"{" + b" " * 17_000_000, "longer than 16 MiB"),
    ],
    ids=["no width", "wide", "late", "keypoints", "far away", "deep", "no UTF-8", "zeros", "endless"],
)
def test_a_line_that_cannot_be_is_named_in_one_sentence(tmp_path, line, words):
    (tmp_path / "r.jsonl").write_bytes(GOOD + b"\n" + line + b"\n")
    with pytest.raises(DataError, match=words) as told:
        for recording in load_recording(tmp_path / "r.jsonl"):
            replay(recording, Config(), ["fall"])
    assert "line 2 of" in str(told.value) and "\n" not in str(told.value)


FIRST_VERSION = (
    '{"schema":"edgepose.frame/1","source":"hall","seq":0,"t":100.0,"captured":"2026-11-30T14:59:16.236Z",'
    '"size_wh":[640,480],"tracks":[{"id":1,"score":0.355,"age_s":0.0,"missing_s":0.0,"keypoints":['
    + ",".join(["[88.35,466.3,0.26]"] * 17 + ["[null,null,0.0]"])
    + ']}],"events":[{"kind":"fall","stage":"suspected","t":99.5,"track_id":1,"score":0.9,"started_t":99.0,"episode":3,'
    '"zone":null,"evidence":{"drop":0.5}}],"timings_ms":{"track":0.371},"dropped":0}\n'
)
"""A line as version 0.1.0 wrote it on 2026-11-30, with the number of an episode."""


def test_a_recording_of_the_first_version_is_read(tmp_path):
    (tmp_path / "old.jsonl").write_text(FIRST_VERSION)
    (recording,) = load_recording(tmp_path / "old.jsonl")
    (only,) = recording.frames
    assert only.people[0].id == 1 and not only.people[0].pose.found[17]


def test_one_broken_recording_among_several_is_named_and_the_others_are_judged(tmp_path, capsys):
    good = write(tmp_path / "good.jsonl", fall())
    (tmp_path / "bad.jsonl").write_text("hello\n")
    assert main(["replay", str(tmp_path / "bad.jsonl"), str(good), "--json"]) == 1
    out, err = capsys.readouterr()
    assert [one["file"] for one in json.loads(out)["files"]] == [str(good)]
    assert "skipped: line 1 of" in err and "1 of 2 recordings could not be read" in err


def test_damaged_recordings_are_refused_in_one_sentence(tmp_path):
    """Two hundred of them: one number or word of ten frames is something else."""
    random = Random(0)
    whole = b"".join(encode(one) + b"\n" for one in fall()[20:30])
    words = list(re.finditer(rb"-?\d+\.?\d*|null|\"[a-z_]+\"", whole))
    tokens = [
        b"null",
        b"1e300",
        b"-1",
        b"1e-320",
        b"true",
        b'""',
        b"[]",
        b"{}",
        b"NaN",
        b"9" * 20,
        b"\xff",
        b"\0",
        b"}",
    ]
    path = tmp_path / "damaged.jsonl"
    n_refused = 0
    for _ in range(200):
        word = random.choice(words)
        path.write_bytes(whole[: word.start()] + random.choice(tokens) + whole[word.end() :])
        try:
            for recording in load_recording(path):
                replay(recording, Config())
        except DataError as error:
            n_refused += 1
            assert "\n" not in str(error)
    assert n_refused > 50
