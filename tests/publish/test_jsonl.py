"""JSON lines: what was published comes back, whatever ends the run."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from publish_scene import fall, full_disk, person, result

from edgepose.errors import ClosedError, DataError, PublishError
from edgepose.publish import jsonl, open_publisher
from edgepose.publish.jsonl import JsonlPublisher
from edgepose.publish.options import JsonlOptions, VideoOptions
from edgepose.publish.record import read_results
from edgepose.publish.video import VideoPublisher
from edgepose.types.result import encode


def write(path: Path, *results, append: bool = False) -> None:
    publisher = open_publisher("jsonl", JsonlOptions(path=str(path), append=append))
    for each in results:
        publisher.publish(each)
    publisher.close()


def test_a_result_comes_back_as_it_was(tmp_path):
    sent = result(person(3, x=12.5), events=(fall("confirmed", torso_angle_deg=80.0),), seq=7, t=1.25)
    write(tmp_path / "r.jsonl", sent)
    (got,) = read_results(tmp_path / "r.jsonl")
    assert (got.source, got.seq, got.t, got.size_wh) == ("hall", 7, 1.25, (640, 480))
    assert got.tracks[0].id == 3
    np.testing.assert_allclose(got.tracks[0].pose.keypoints, sent.tracks[0].pose.keypoints, atol=0.006)
    assert got.events[0].stage == "confirmed" and got.events[0].evidence == {"torso_angle_deg": 80.0}


def test_an_absent_keypoint_is_null_in_the_line():
    assert b"[null,null,0.0]" in encode(result(person()))


def test_numpy_numbers_in_evidence_become_json():
    line = encode(result(events=(fall("confirmed", drop_speed=np.float32(1.5), used=np.arange(2)),)))
    assert b'"drop_speed":1.5' in line and b'"used":[0,1]' in line


def test_each_line_is_there_before_the_publisher_is_closed(tmp_path):
    publisher = JsonlPublisher(JsonlOptions(path=str(tmp_path / "r.jsonl")))
    publisher.publish(result(person()))
    assert len(list(read_results(tmp_path / "r.jsonl"))) == 1
    publisher.close()


def test_everything_written_before_sigkill_is_there(tmp_path):
    path = tmp_path / "r.jsonl"
    program = (
        "from edgepose.publish import open_publisher\nfrom edgepose.publish.options import JsonlOptions\n"
        "from edgepose.types import FrameResult\n"
        f"out = open_publisher('jsonl', JsonlOptions(path={str(path)!r}))\n"
        "for seq in range(10**9):\n"
        "    out.publish(FrameResult('hall', seq, seq / 30, (640, 480)))\n"
        "    if seq == 50: print(flush=True)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    writer.stdout.readline()
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    numbers = [each.seq for each in read_results(path)]
    assert len(numbers) > 50 and numbers == list(range(len(numbers)))


def test_a_torn_last_line_is_left_out(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(encode(result(seq=1)) + b"\n" + encode(result(seq=2))[:40])
    assert [each.seq for each in read_results(path)] == [1]


def test_a_foreign_line_in_the_middle_is_named(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"hello\n" + encode(result()) + b"\n")
    with pytest.raises(DataError, match="line 1 of"):
        list(read_results(path))


def test_a_new_run_replaces_the_file_and_append_keeps_it(tmp_path):
    path = tmp_path / "r.jsonl"
    write(path, result(seq=1))
    write(path, result(seq=2))
    write(path, result(seq=3), append=True)
    assert [each.seq for each in read_results(path)] == [2, 3]


def test_append_removes_a_line_torn_by_a_crash(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(encode(result(seq=1)) + b"\n" + encode(result(seq=2))[:40])
    write(path, result(seq=3), append=True)
    assert [each.seq for each in read_results(path)] == [1, 3]


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PublishError, match="cannot write results"):
        JsonlPublisher(JsonlOptions(path=str(tmp_path / "file" / "r.jsonl")))


def test_a_closed_publisher_says_so(tmp_path):
    publisher = JsonlPublisher(JsonlOptions(path=str(tmp_path / "r.jsonl")))
    publisher.close()
    publisher.close()
    with pytest.raises(ClosedError):
        publisher.publish(result())


def test_a_live_frame_is_stamped_with_its_capture_time_and_a_file_frame_with_now(tmp_path):
    write(tmp_path / "r.jsonl", result(t=time.monotonic() - 5), result(t=time.monotonic() + 1e6))
    live, played = (line.split('"captured":"')[1][:19] for line in (tmp_path / "r.jsonl").read_text().splitlines())
    assert live < played


WHOLE = encode(result(seq=1, t=1.0))
TORN = WHOLE[:40]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"notes of mine", b"notes of mine\n"),
        (b"one\nnotes of mine", b"one\nnotes of mine\n"),
        (WHOLE, WHOLE + b"\n"),
        (TORN, b""),
        (b"one\n" + TORN, b"one\n"),
        (b"one\n" + b"\0" * 5000, b"one\n"),
        (b"one\n" + b"x" * 200_000, b"one\n" + b"x" * 200_000 + b"\n"),
    ],
    ids=[
        "empty",
        "no newline",
        "no newline at the end",
        "whole line",
        "torn",
        "torn after a line",
        "power cut",
        "long",
    ],
)
def test_append_cuts_off_only_what_a_crash_left(tmp_path, before, after):
    path = tmp_path / "r.jsonl"
    path.write_bytes(before)
    line = encode(result(seq=2, t=2.0)) + b"\n"
    write(path, result(seq=2, t=2.0), append=True)
    assert path.read_bytes()[: -len(line)] == after and path.read_bytes()[len(after) :].startswith(b'{"schema"')


def test_append_reads_only_the_end_of_a_large_file(tmp_path):
    path = tmp_path / "r.jsonl"
    with path.open("wb") as file:
        file.truncate(600_000_000)  # a hole: it takes no room and reads as zeros
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + TORN)
    program = (
        "import resource\nfrom edgepose.publish.jsonl import JsonlPublisher\n"
        "from edgepose.publish.options import JsonlOptions\n"
        "resource.setrlimit(resource.RLIMIT_AS, (400_000_000, resource.RLIM_INFINITY))\n"
        f"JsonlPublisher(JsonlOptions(path={str(path)!r}, append=True)).close()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    assert path.stat().st_size == 600_000_001


@pytest.mark.parametrize("append", [False, True])
def test_a_rotation_by_renaming_begins_a_new_file(tmp_path, append):
    path = tmp_path / "r.jsonl"
    publisher = JsonlPublisher(JsonlOptions(path=str(path), append=append))
    publisher.publish(result(seq=0))
    path.rename(tmp_path / "r.jsonl.1")
    publisher.publish(result(seq=1))
    publisher.publish(result(seq=2))
    path.rename(tmp_path / "r.jsonl.2")
    path.touch(0o640)  # as logrotate's `create` does
    publisher.publish(result(seq=3))
    publisher.close()
    rotated = [[one.seq for one in read_results(tmp_path / f"r.jsonl{end}")] for end in (".1", ".2", "")]
    assert rotated == [[0], [1, 2], [3]]


@pytest.mark.parametrize("append", [False, True])
def test_a_rotation_by_copying_and_truncating_leaves_no_hole(tmp_path, append):
    path = tmp_path / "r.jsonl"
    publisher = JsonlPublisher(JsonlOptions(path=str(path), append=append))
    publisher.publish(result(person(), seq=0))
    os.truncate(path, 0)
    publisher.publish(result(seq=1))
    publisher.close()
    assert b"\0" not in path.read_bytes()
    assert [one.seq for one in read_results(path)] == [1]


def test_a_full_disk_gives_the_file_up_and_leaves_whole_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "RETRY_S", 0.0)
    path = tmp_path / "r.jsonl"
    publisher = JsonlPublisher(JsonlOptions(path=str(path)))
    with full_disk(5000):
        for seq in range(12):
            publisher.publish(result(person(), seq=seq))
        (reason,) = publisher.troubles
        assert (reason.code, reason.camera) == ("jsonl_failed", None) and "file too large" in reason.hint
        assert path.read_bytes().endswith(b"\n")
        n_written = len(list(read_results(path)))
        assert 0 < n_written == publisher.n_lines == 12 - publisher.n_lost
    publisher.publish(result(person(), seq=12))
    assert publisher.troubles == () and [one.seq for one in read_results(path)][-1] == 12
    with pytest.raises(PublishError, match=f"{12 - n_written} of 13 results are missing .*: file too large; make room"):
        publisher.close()
    publisher.close()


def test_a_file_that_was_given_up_is_not_tried_with_every_frame(tmp_path):
    publisher = JsonlPublisher(JsonlOptions(path="/dev/full"))
    publisher.publish(result())
    publisher.path = tmp_path  # a second try would not say the same
    first = publisher.troubles
    publisher.publish(result())
    assert publisher.n_lost == 2 and publisher.troubles == first and "no space left" in first[0].hint


def test_a_recording_is_private(tmp_path):
    write(tmp_path / "r.jsonl", result())
    assert stat.S_IMODE((tmp_path / "r.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize("there", [True, False], ids=["file", "nothing"])
@pytest.mark.parametrize("append", [True, False])
def test_a_link_is_not_followed(tmp_path, there, append):
    target = tmp_path / "target"
    if there:
        target.write_text("precious")
    (tmp_path / "r.jsonl").symlink_to(target)
    with pytest.raises(PublishError, match="it is a link; name the file it leads to"):
        JsonlPublisher(JsonlOptions(path=str(tmp_path / "r.jsonl"), append=append))
    assert target.exists() == there and (not there or target.read_text() == "precious")


def test_an_episode_is_read_as_a_number_or_as_text(tmp_path):
    """Recordings of earlier versions number the falls of a rule; since then a fall has an id of its own."""
    line = encode(result(events=(fall("confirmed"),), seq=1))
    assert b'"episode":1' in line
    path = tmp_path / "r.jsonl"
    path.write_bytes(line + b"\n" + line.replace(b'"episode":1', b'"episode":"0192f0c1"') + b"\n")
    assert [str(one.events[0].episode) for one in read_results(path)] == ["1", "0192f0c1"]


def test_a_run_that_begins_on_a_full_disk_watches_on(tmp_path, monkeypatch):
    """A service that is started again finds the disk as full as it left it; the alerts must not wait for it."""
    monkeypatch.setattr(jsonl, "RETRY_S", 0.0)
    path = tmp_path / "r.jsonl"
    path.write_bytes(WHOLE)  # without its newline: not even that can be added
    with full_disk(len(WHOLE)):
        publisher = JsonlPublisher(JsonlOptions(path=str(path), append=True))
        assert [one.code for one in publisher.troubles] == ["jsonl_failed"]
        publisher.publish(result(seq=2))
    publisher.publish(result(seq=3))
    assert publisher.troubles == () and [one.seq for one in read_results(path)] == [1, 3]
    with pytest.raises(PublishError, match="1 of 2 results are missing"):
        publisher.close()


@pytest.mark.parametrize("kind", [JsonlPublisher, VideoPublisher], ids=["jsonl", "video"])
def test_a_run_that_begins_on_a_worn_out_disk_watches_on(tmp_path, monkeypatch, kind):
    def worn_out(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(f"{kind.__module__}.check_appendable", worn_out)
    options = JsonlOptions if kind is JsonlPublisher else VideoOptions
    publisher = kind(options(path=str(tmp_path / "out.mp4")))
    (reason,) = publisher.troubles
    assert "read-only file system" in reason.hint


def test_a_file_emptied_at_the_start_is_emptied_once(tmp_path):
    """Rotating must not empty what the rotation put there."""
    path = tmp_path / "r.jsonl"
    publisher = JsonlPublisher(JsonlOptions(path=str(path)))
    publisher.publish(result(seq=0))
    path.rename(tmp_path / "r.jsonl.1")
    write(path, result(seq=7))
    publisher.publish(result(seq=1))
    publisher.close()
    assert [one.seq for one in read_results(path)] == [7, 1]
