"""JSON lines: what was published comes back, whatever ends the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from publish_scene import fall, person, result

from edgepose.errors import ClosedError, DataError, PublishError
from edgepose.publish import open_publisher
from edgepose.publish.jsonl import JsonlPublisher
from edgepose.publish.options import JsonlOptions
from edgepose.publish.record import encode, read_results


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
