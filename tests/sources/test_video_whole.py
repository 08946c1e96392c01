"""Whole, cut off or damaged: a file is cut off only where bytes are missing, and damage is read over and counted."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sources_kit import READERS
from video_kit import number_of, numbered, patched, read_to_the_end, with_preview, write_video

from edgepose.sources.container import missing_bytes, read_header

TWENTY = [numbered(n) for n in range(20)]

CONTAINERS = {
    "plain.mp4": {},
    "index first.mp4": {"muxer": {"movflags": "faststart"}},
    "fragments.mp4": {"muxer": {"movflags": "frag_keyframe+empty_moov+default_base_moof"}},
    "plain.mov": {},
    "plain.mkv": {"codec": "mjpeg"},
    "recorded live.mkv": {"muxer": {"live": "1"}},
    "plain.webm": {"codec": "libvpx-vp9"},
    "plain.avi": {"codec": "mjpeg"},
    "plain.ts": {"codec": "libx264"},
    "plain.flv": {"codec": "libx264"},
    "plain.ivf": {"codec": "libvpx-vp9"},
    "plain.asf": {"codec": "wmv2"},
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("file", CONTAINERS)
def test_a_whole_video_ends_plainly_and_a_cut_one_gives_what_is_left_and_says_so(
    tmp_path: Path, reader: str, file: str
) -> None:
    rng = np.random.default_rng(0)
    textured = [picture + rng.integers(0, 20, picture.shape, np.uint8) for picture in TWENTY]
    path = write_video(tmp_path / file, textured, **CONTAINERS[file])
    assert missing_bytes(path) == 0
    frames, _, said = read_to_the_end(path, reader)
    assert len(frames) == 20
    assert not said
    data = path.read_bytes()
    lengths, sentences = [], []
    for percent in range(15, 100, 5):
        path.write_bytes(data[: len(data) * percent // 100 | 1])  # an odd length ends within a packet of MPEG-TS
        frames, _, said = read_to_the_end(path, reader)
        lengths.append(len(frames))
        sentences.append(said)
    assert sum("is cut off" in said for said in sentences) >= len(sentences) - 1  # one may fall between two parts
    if "index is missing" not in sentences[0]:
        assert sum(length > 0 for length in lengths) >= len(lengths) / 2
        assert max(lengths) >= 15


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("file", "codec", "sound"),
    [
        ("longer.mkv", "mjpeg", "pcm_s16le"),
        ("longer.avi", "mjpeg", "pcm_s16le"),
        ("longer.mp4", "mpeg4", "aac"),
        ("longer.ts", "libx264", "mp2"),
        ("longer.flv", "libx264", "aac"),
    ],
)
def test_sound_that_goes_on_longer_is_no_cut(tmp_path: Path, reader: str, file: str, codec: str, sound: str) -> None:
    path = write_video(tmp_path / file, TWENTY, codec=codec, sound=sound)
    frames, _, said = read_to_the_end(path, reader)
    assert [number_of(frame.image) for frame in frames] == list(range(20))
    assert not said


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("file", ["long.mp4", "long.mkv"])
def test_a_last_picture_that_is_shown_long_is_no_cut(tmp_path: Path, reader: str, file: str) -> None:
    path = write_video(tmp_path / file, TWENTY, last_s=20)
    frames, _, said = read_to_the_end(path, reader)
    assert frames[-1].t == pytest.approx(1.9)
    assert not said


@pytest.mark.parametrize("reader", READERS)
def test_a_video_trimmed_by_an_edit_list_gives_the_pictures_of_its_edit(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "trimmed.mp4", TWENTY)
    data = path.read_bytes()
    place = data.index(b"mdhd") + 16
    second = int.from_bytes(data[place : place + 4], "big")  # ticks of the track's clock
    edit = (1000).to_bytes(4, "big") + (second * 6 // 10).to_bytes(4, "big")  # one second, from 0.6 s on
    path.write_bytes(patched(data, b"elst", 12, edit))
    frames, _, said = read_to_the_end(path, reader)
    assert [number_of(frame.image) for frame in frames] == list(range(6, 16))
    assert [frame.t for frame in frames] == pytest.approx([n / 10 for n in range(10)])
    assert not said


@pytest.mark.parametrize("part", [0.1, 0.4, 0.9])
def test_a_recorder_that_died_within_the_head_of_a_fragment_loses_that_fragment_alone(
    tmp_path: Path, part: float
) -> None:
    path = write_video(tmp_path / "died.mp4", TWENTY, **CONTAINERS["fragments.mp4"])
    data = path.read_bytes()
    heads = [place for place in range(len(data)) if data[place : place + 4] == b"moof"]
    place = heads[len(heads) // 2] - 4
    head = int.from_bytes(data[place : place + 4], "big")
    path.write_bytes(data[: place + max(9, round(head * part))])
    frames, _, said = read_to_the_end(path, "auto")
    assert len(frames) >= 20 * (len(heads) // 2) // len(heads)
    assert "is cut off" in said


def packets_of(path: Path) -> list[bytes]:
    av = pytest.importorskip("av")
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("file", ["damaged.avi", "damaged.mkv", "damaged.mov"])
@pytest.mark.parametrize("lost", [range(5, 9), range(3), range(8, 9)], ids=["middle", "beginning", "one"])
def test_damaged_packets_are_read_over_and_counted(tmp_path: Path, reader: str, file: str, lost: range) -> None:
    path = write_video(tmp_path / file, TWENTY, codec="mjpeg")
    data = path.read_bytes()
    for number, packet in enumerate(packets_of(path)):
        if number in lost:
            data = data.replace(packet, b"\x11" * len(packet))
    path.write_bytes(data)
    frames, skipped, said = read_to_the_end(path, reader)
    kept = [n for n in range(20) if n not in lost]
    assert [number_of(frame.image) for frame in frames] == kept
    assert [frame.t for frame in frames] == pytest.approx([n / 10 for n in kept], abs=1e-3)
    assert skipped == len(lost)
    assert not said


@pytest.mark.parametrize("reader", READERS)
def test_packets_lost_with_their_headers_and_the_last_ones_are_counted_too(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "hole.avi", TWENTY, codec="mjpeg")
    packets, data = packets_of(path), path.read_bytes()
    first, last = data.index(packets[6]), data.index(packets[8])
    data = data[: first - 8] + b"\x11" * (last - first) + data[last - 8 :]
    for packet in packets[18:]:
        data = data.replace(packet, b"\x11" * len(packet))
    path.write_bytes(data)
    frames, skipped, said = read_to_the_end(path, reader)
    assert len(frames) + skipped == 20
    assert skipped >= 4
    assert not said


@pytest.mark.parametrize("reader", READERS)
def test_a_long_damaged_stretch_does_not_end_the_video(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "long.avi", [numbered(n % 20) for n in range(1000)], codec="mjpeg")
    data = path.read_bytes()
    places = [place for place in range(len(data) - 4) if data[place : place + 4] == b"00dc"][:1000]
    for place in places[100:900]:
        n_bytes = int.from_bytes(data[place + 4 : place + 8], "little")
        data = data[: place + 8] + b"\x11" * n_bytes + data[place + 8 + n_bytes :]
    path.write_bytes(data)
    frames, skipped, said = read_to_the_end(path, reader)
    assert (len(frames), skipped, said) == (200, 800, "")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("file", CONTAINERS)
def test_flipped_bytes_give_frames_or_a_sentence_and_times_that_rise(tmp_path: Path, reader: str, file: str) -> None:
    path = write_video(tmp_path / file, TWENTY, **CONTAINERS[file])
    data = path.read_bytes()
    rng = np.random.default_rng(len(file))
    for _ in range(15):
        damaged = bytearray(data)
        for place in rng.integers(0, [len(data), min(len(data), 800)], (4, 2)).ravel():
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        frames, _, _ = read_to_the_end(path, reader)
        assert all(before.t < after.t for before, after in pairwise(frames))


@pytest.mark.parametrize("reader", [*READERS, "auto"])
@pytest.mark.parametrize(
    ("file", "codec", "mark", "offset", "size"),
    [
        ("huge.mp4", "mpeg4", b"mp4v", 28, (16000).to_bytes(2, "big") * 2),
        ("huge.avi", "mjpeg", b"strf", 12, (16000).to_bytes(4, "little") * 2),
        ("huge.mkv", "mjpeg", b"\xb0\x81\xa0\xba\x81\x78", 0, b"\xb0\x82\x3e\x80\xba\x81"),
    ],
)
def test_pictures_of_16000_pixels_are_refused_by_the_header(
    tmp_path: Path, reader: str, file: str, codec: str, mark: bytes, offset: int, size: bytes
) -> None:
    path = write_video(tmp_path / file, [numbered(0)], codec=codec)
    path.write_bytes(patched(path.read_bytes(), mark, offset, size))
    _, _, said = read_to_the_end(path, reader)
    assert "16000x" in said
    assert "at most 8192 pixels a side" in said


def h264_header(width: int, height: int) -> bytes:
    """A sequence parameter set (ISO 14496-10, 7.3.2.1.1) of the baseline profile, and nothing behind it."""

    def ue(value: int) -> str:
        bits = f"{value + 1:b}"
        return "0" * (len(bits) - 1) + bits

    bits = ue(0) + ue(0) + ue(2) + ue(1) + "0" + ue(width // 16 - 1) + ue(height // 16 - 1) + "1"
    content = int(bits.ljust(160, "0"), 2).to_bytes(20, "big")
    return b"\0\0\0\1\x67" + bytes([66, 0, 52]) + content.replace(b"\0\0", b"\0\0\3")


@pytest.mark.parametrize("reader", [*READERS, "auto"])
@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("huge.h264", h264_header(16000, 16000)),
        ("huge.ivf", b"DKIF\0\0\x20\0VP80" + (16000).to_bytes(2, "little") * 2 + bytes(40)),
        ("huge.gif", b"GIF89a" + (16000).to_bytes(2, "little") * 2 + bytes(40)),
        ("huge.y4m", b"YUV4MPEG2 W16000 H16000 F25:1\nFRAME\n"),
    ],
)
def test_streams_of_16000_pixels_are_refused_before_they_are_opened(
    tmp_path: Path, reader: str, file: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepose.sources.opening._open_with", None)
    (tmp_path / file).write_bytes(content)
    _, _, said = read_to_the_end(tmp_path / file, reader)
    assert "its pictures are 16000x16000" in said


@pytest.mark.parametrize("file", ["small.h264", "small.ts", "small.flv"])
@pytest.mark.parametrize("preset", ["ultrafast", "medium"], ids=["baseline profile", "high profile"])
def test_the_size_in_a_stream_is_read_from_its_own_header(tmp_path: Path, file: str, preset: str) -> None:
    path = write_video(tmp_path / file, TWENTY, codec="libx264", encoder={"preset": preset})
    assert read_header(path).claimed_wh == (160, 128)  # 120 rows are coded as 128


@pytest.mark.parametrize("reader", READERS)
def test_a_title_that_is_not_utf8_is_no_reason_to_refuse(tmp_path: Path, reader: str) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "title.avi"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "XXXX"
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuvj420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(3), format="bgr24")))
        container.mux(stream.encode())
    path.write_bytes(path.read_bytes().replace(b"XXXX", "Жизн".encode("cp1251")))
    frames, _, said = read_to_the_end(path, reader)
    assert [number_of(frame.image) for frame in frames] == [3]
    assert not said


@pytest.mark.parametrize("reader", READERS)
def test_an_mp4_whose_index_is_missing_is_called_cut_off(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "half.mp4", TWENTY)
    path.write_bytes(path.read_bytes()[:3000])
    _, _, said = read_to_the_end(path, reader)
    assert "is cut off: its index is missing" in said


def test_a_recording_that_was_stopped_without_closing_is_whole(tmp_path: Path) -> None:
    path = write_video(tmp_path / "stopped.avi", TWENTY, codec="mjpeg")
    data = path.read_bytes()
    index = data.rindex(b"idx1")
    data = patched(data[:index], b"RIFF", 4, bytes(4))
    path.write_bytes(patched(data, b"movi", -4, bytes(4)))
    assert missing_bytes(path) == 0


def test_a_header_tells_kind_tracks_and_sizes(tmp_path: Path, video: Path) -> None:
    header = read_header(video)
    assert (header.kind, header.shown.size_wh, header.shown.codec) == ("AVI", (160, 120), "MJPG")
    for file in ("x.mp4", "x.mkv"):
        header = read_header(with_preview(tmp_path / file))
        assert [track.size_wh for track in header.tracks] == [(40, 30), (160, 120)]
        assert header.shown.size_wh == (160, 120)
        assert not header.first_is_shown


@pytest.mark.parametrize("beginning", [b"", b"RIFF", b"\x1a\x45\xdf\xa3", b"\0\0\0\x08moov", b"FLV\x01", b"GGGG" * 99])
def test_a_beginning_alone_is_no_reason_to_raise(tmp_path: Path, beginning: bytes) -> None:
    path = tmp_path / "begins"
    path.write_bytes(beginning)
    read_header(path)
    assert missing_bytes(path) >= 0
