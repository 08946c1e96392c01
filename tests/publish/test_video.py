"""Annotated video: playable, complete, and kept when the run ends early."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from publish_scene import full_disk

from edgepose.errors import ClosedError, PublishError
from edgepose.publish.options import VideoOptions
from edgepose.publish.video import VideoPublisher
from edgepose.types import FrameResult

cv2 = pytest.importorskip("cv2")
pytest.importorskip("edgepose.overlay")


def frame(seq: int, size_wh: tuple[int, int] = (64, 48), source: str = "hall") -> FrameResult:
    picture = np.full((size_wh[1], size_wh[0], 3), 40 + seq, np.uint8)
    return FrameResult(source, seq, seq / 10, size_wh, image=picture)


def n_frames(path) -> int:
    video = cv2.VideoCapture(str(path))
    count = 0
    while video.read()[0]:
        count += 1
    return count


@pytest.fixture(params=["av", "opencv"])
def writer(request, monkeypatch):
    """Every test runs with PyAV where it is installed, and with OpenCV alone."""
    if request.param == "av":
        pytest.importorskip("av")
    else:
        monkeypatch.setattr("edgepose.publish.video_file.find_spec", lambda name: None)
    return request.param


def test_every_frame_is_in_the_video(tmp_path, writer):
    out = VideoPublisher(VideoOptions(path=str(tmp_path / "out.mp4")))
    for seq in range(12):
        out.publish(frame(seq))
    out.close()
    out.close()
    assert n_frames(tmp_path / "out.mp4") == 12


def test_odd_sizes_and_a_change_of_size_are_taken(tmp_path, writer):
    out = VideoPublisher(VideoOptions(path=str(tmp_path / "out.mp4")))
    out.publish(frame(0, (65, 49)))
    out.publish(frame(1, (32, 32)))
    out.close()
    assert n_frames(tmp_path / "out.mp4") == 2


def test_a_single_frame_makes_a_video(tmp_path, writer):
    out = VideoPublisher(VideoOptions(path=str(tmp_path / "out.mp4")))
    out.publish(frame(0))
    out.close()
    assert n_frames(tmp_path / "out.mp4") == 1


def test_time_that_stands_still_does_not_end_the_video(tmp_path, writer):
    out = VideoPublisher(VideoOptions(path=str(tmp_path / "out.mp4")))
    for _ in range(3):
        out.publish(frame(0))
    out.close()
    assert n_frames(tmp_path / "out.mp4") == 3


def test_each_source_gets_its_own_file(tmp_path, writer):
    out = VideoPublisher(VideoOptions(path=str(tmp_path / "out.mp4")))
    out.publish(frame(0, source="hall"))
    out.publish(frame(0, source="../door"))
    out.close()
    names = sorted(path.name for path in tmp_path.glob("*.mp4"))
    assert len(names) == 2 and names[0].startswith("out-door-") and names[1] == "out.mp4"


def test_a_video_cut_by_sigkill_can_be_played(tmp_path):
    pytest.importorskip("av")
    path = tmp_path / "out.mp4"
    program = (
        "import numpy as np\nfrom edgepose.publish.video import VideoPublisher\n"
        "from edgepose.publish.options import VideoOptions\nfrom edgepose.types import FrameResult\n"
        f"out = VideoPublisher(VideoOptions(path={str(path)!r}))\n"
        "picture = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)\n"
        "for seq in range(10**9):\n"
        "    out.publish(FrameResult('hall', seq, seq / 10, (64, 48), image=picture))\n"
        "    if seq == 300: print(flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert n_frames(path) >= 150


def test_a_result_without_its_picture_is_passed_over(tmp_path):
    out = VideoPublisher(VideoOptions(path=str(tmp_path / "out.mp4")))
    out.publish(FrameResult("hall", 0, 0.0, (64, 48)))
    out.close()
    assert (tmp_path / "out.mp4").stat().st_size == 0


@pytest.mark.parametrize("name", ["", "video", "file/out.mp4"], ids=["empty", "no ending", "no folder"])
def test_a_path_that_cannot_be_written_is_said_in_a_sentence(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(PublishError):
        VideoPublisher(VideoOptions(path=str(tmp_path / name) if name else ""))


def test_a_closed_publisher_says_so(tmp_path):
    out = VideoPublisher(VideoOptions(path=str(tmp_path / "out.mp4")))
    out.close()
    with pytest.raises(ClosedError):
        out.publish(frame(0))


def noise(seq: int, source: str = "hall") -> FrameResult:
    """A picture that no encoder makes small."""
    picture = np.random.default_rng(seq).integers(0, 255, (240, 320, 3), np.uint8)
    return FrameResult(source, seq, seq / 10, (320, 240), image=picture)


def test_a_full_disk_gives_one_video_up_and_the_other_goes_on(tmp_path):
    pytest.importorskip("av")
    out = VideoPublisher(VideoOptions(path=str(tmp_path / "out.mp4")))
    with full_disk(100_000):
        for seq in range(120):  # FFmpeg writes 50 frames at once
            out.publish(noise(seq))
            out.publish(frame(seq, (64, 48), "door"))
    (reason,) = out.troubles
    assert (reason.code, reason.camera) == (
        "video_failed",
        "hall",
    ) and "out.mp4' any more: file too large" in reason.hint
    with pytest.raises(PublishError, match=f"{out.n_lost} frames are missing: no video is written"):
        out.close()
    out.close()
    assert n_frames(tmp_path / "out-door.mp4") == 120
    assert 0 < n_frames(tmp_path / "out.mp4") <= 120 - out.n_lost


def test_opencv_alone_notices_that_no_room_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("edgepose.publish.video_file.find_spec", lambda name: None)
    out = VideoPublisher(VideoOptions(path=str(tmp_path / "out.mp4")))
    for seq in range(10):
        out.publish(frame(seq))
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 0}))
    for seq in range(10, 60):
        out.publish(frame(seq))
    assert out.n_lost == 35 and "no space left on device" in out.troubles[0].hint
    with pytest.raises(PublishError, match="35 frames are missing"):
        out.close()


def test_a_video_is_private(tmp_path, writer):
    out = VideoPublisher(VideoOptions(path=str(tmp_path / "out.mp4")))
    for seq in range(3):
        for source in ("hall", "door"):
            out.publish(frame(seq, source=source))
    out.close()
    for name in ("out.mp4", "out-door.mp4"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600 and n_frames(tmp_path / name) == 3


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "out.mp4").symlink_to(tmp_path / "target")
    with pytest.raises(PublishError, match="it is a link"):
        VideoPublisher(VideoOptions(path=str(tmp_path / "out.mp4")))
    assert not (tmp_path / "target").exists()
