"""Video files through both libraries: every frame, its exact time, and bad files in one sentence."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from sources_kit import READERS, picture

from edgepose.errors import ClosedError, SourceError
from edgepose.sources import SourceOptions, open_source
from edgepose.sources.file import FileSource
from edgepose.types import Frame


def read_all(path: Path, reader: str) -> list[Frame]:
    source = FileSource(str(path), SourceOptions(reader=reader))
    frames = []
    try:
        while True:
            frame = source.read()
            assert frame is not None
            frames.append(frame)
    except EOFError:
        return frames
    finally:
        source.close()


@pytest.mark.parametrize("reader", READERS)
def test_every_frame_comes_once_and_in_order(video: Path, reader: str) -> None:
    frames = read_all(video, reader)
    assert [frame.seq for frame in frames] == list(range(40))
    assert [round((frame.image.mean() - 10) / 5) for frame in frames] == list(range(40))
    assert frames[0].source == "room"


@pytest.mark.parametrize("reader", READERS)
def test_frames_carry_their_presentation_time(video: Path, reader: str) -> None:
    assert [frame.t for frame in read_all(video, reader)] == pytest.approx([n / 10 for n in range(40)])


@pytest.mark.parametrize("reader", READERS)
def test_uneven_presentation_times_are_exact(tmp_path: Path, reader: str) -> None:
    av = pytest.importorskip("av", reason="writing uneven times needs PyAV")
    times_ms = [0, 40, 95, 300, 310, 900]
    path = tmp_path / "uneven.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25, options={"qscale": "2"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuvj420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, time_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert [frame.t for frame in read_all(path, reader)] == pytest.approx([t / 1000 for t in times_ms], abs=1e-6)


@pytest.mark.parametrize("reader", READERS)
def test_a_picture_size_that_changes_midway_is_followed(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "zoom.mjpeg"
    sizes = [(160, 120)] * 5 + [(320, 240)] * 5
    path.write_bytes(b"".join(cv2.imencode(".jpg", picture(n, size))[1].tobytes() for n, size in enumerate(sizes)))
    shapes = [frame.image.shape for frame in read_all(path, reader)]
    assert shapes[0] == (120, 160, 3)
    assert len(shapes) == 10
    if reader == "av":
        assert shapes[-1] == (240, 320, 3)


@pytest.mark.parametrize("reader", READERS)
def test_a_video_of_a_telephone_held_upright_is_upright(tmp_path: Path, reader: str) -> None:
    av = pytest.importorskip("av", reason="writing MP4 needs PyAV")
    path = tmp_path / "upright.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        lying = np.zeros((120, 160, 3), np.uint8)
        lying[:20] = 255
        container.mux(stream.encode(av.VideoFrame.from_ndarray(lying, format="bgr24")))
        container.mux(stream.encode())
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44  # ISO 14496-12: the track's matrix; this one turns clockwise
    turned = (0, 0x10000, 0, -0x10000, 0, 0, 120 << 16, 0, 0x40000000)
    data[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in turned)
    path.write_bytes(data)
    (frame,) = read_all(path, reader)
    assert frame.image.shape == (160, 120, 3)
    assert frame.image[:, -15:].mean() > 240 > 10 > frame.image[:, :15].mean()


@pytest.mark.parametrize("reader", READERS)
def test_a_truncated_video_gives_its_frames_and_then_says_so(video: Path, tmp_path: Path, reader: str) -> None:
    cut = tmp_path / "cut.avi"
    cut.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    source = FileSource(str(cut), SourceOptions(reader=reader))
    frames = 0
    with pytest.raises(SourceError, match="cut off"):
        while source.read():
            frames += 1
    assert 0 < frames < 40


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"not a video\n" * 50, "cannot read"), (b"#EXTM3U\nhttp://127.0.0.1:9/x.ts\n", "cannot read")],
    ids=["zero bytes", "text", "playlist"],
)
def test_what_is_no_video_is_refused_in_one_sentence(tmp_path: Path, reader: str, content: bytes, says: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=says) as caught:
        FileSource(str(path), SourceOptions(reader=reader))
    assert "\n" not in str(caught.value)
    assert "clip.mp4" in str(caught.value)


@pytest.mark.parametrize("reader", READERS)
def test_a_playlist_of_local_files_is_not_followed(video: Path, tmp_path: Path, reader: str) -> None:
    path = tmp_path / "list.ffconcat"
    path.write_text(f"ffconcat version 1.0\nfile {video}\n")
    with pytest.raises(SourceError):
        FileSource(str(path), SourceOptions(reader=reader))


def test_a_missing_file_and_a_device_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file"):
        FileSource(str(tmp_path / "missing.mp4"))
    with pytest.raises(SourceError, match="not a regular file"):
        FileSource("/dev/null")


@pytest.mark.parametrize("suffix", [".mp4", ".jpg", ""])
def test_a_name_that_is_too_long_is_one_sentence(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(SourceError, match=r"no file|too long"):
        open_source(str(tmp_path / f"{'a' * 300}{suffix}"))


def test_a_closed_file_says_so_and_closes_twice(video: Path) -> None:
    source = FileSource(str(video))
    source.close()
    source.close()
    assert source.state == "offline"
    with pytest.raises(ClosedError):
        source.read()
