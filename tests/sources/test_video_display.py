"""The picture that a player shows, at the times it shows it: pixel shape, turns, mirrors, tracks, order of frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from sources_kit import READERS
from video_kit import SIZE_WH, barred, number_of, numbered, patched, read_to_the_end, with_preview, write_video

from edgepose.errors import SourceError
from edgepose.sources import SourceOptions, reader
from edgepose.sources.display import Turn, square_wh, turn_of_degrees, turned
from edgepose.sources.file import FileSource

ONE = 0x10000
TURNS = {
    "as recorded": ((ONE, 0, 0, ONE), "top left"),
    "mirrored": ((-ONE, 0, 0, ONE), "top right"),
    "upside down and mirrored": ((ONE, 0, 0, -ONE), "bottom left"),
    "a quarter clockwise": ((0, ONE, -ONE, 0), "right top"),
    "upside down": ((-ONE, 0, 0, -ONE), "bottom right"),
    "a quarter counter-clockwise": ((0, -ONE, ONE, 0), "left bottom"),
    "a quarter clockwise and mirrored": ((0, ONE, ONE, 0), "left top"),
    "a quarter counter-clockwise and mirrored": ((0, -ONE, -ONE, 0), "right bottom"),
}
"""Display matrices a, b, c, d, and where the bar of `barred()` lies and begins when they are obeyed."""


def place_of_bar(image: np.ndarray) -> str:
    """The side along which the bar lies and the one at which it begins."""
    height, width = image.shape[:2]
    sides = {"top": (5, width // 2), "bottom": (-5, width // 2), "left": (height // 2, 5), "right": (height // 2, -5)}
    (side,) = [name for name, (y, x) in sides.items() if image[y, x].mean() > 200]
    ends = {"left": (slice(None), 3), "right": (slice(None), -3)} if side in ("top", "bottom") else {}
    ends = ends or {"top": (3, slice(None)), "bottom": (-3, slice(None))}
    (end,) = [name for name, where in ends.items() if image[where].max() > 200]
    return f"{side} {end}"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", TURNS)
@pytest.mark.parametrize("in_movie", [False, True], ids=["in the track", "in the movie"])
def test_a_display_matrix_of_an_mp4_is_obeyed(tmp_path: Path, reader: str, name: str, in_movie: bool) -> None:
    (a, b, c, d), place = TURNS[name]
    path = write_video(tmp_path / "turned.mp4", [barred()])
    matrix = b"".join(value.to_bytes(4, "big", signed=True) for value in (a, b, 0, c, d, 0, 0, 0, 0x40000000))
    mark, offset = (b"mvhd", 40) if in_movie else (b"tkhd", 44)  # ISO 14496-12: behind the box's name
    path.write_bytes(patched(path.read_bytes(), mark, offset, matrix))
    (frame,), _, _ = read_to_the_end(path, reader)
    assert place_of_bar(frame.image) == place


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", TURNS)
def test_the_turn_of_a_matroska_projection_is_obeyed(tmp_path: Path, reader: str, name: str) -> None:
    av = pytest.importorskip("av")
    if not hasattr(av.VideoStream, "set_display_matrix"):
        pytest.skip("this PyAV does not write display matrices")
    (a, b, c, d), place = TURNS[name]
    with av.open(str(tmp_path / "turned.mkv"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = *SIZE_WH, "yuv420p"
        stream.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 0x40000000))
        container.mux(stream.encode(av.VideoFrame.from_ndarray(barred(), format="bgr24")))
        container.mux(stream.encode())
    (frame,), _, _ = read_to_the_end(tmp_path / "turned.mkv", reader)
    assert place_of_bar(frame.image) == place


@pytest.mark.parametrize(
    ("clockwise", "turn"),
    [
        (0, Turn()),
        (89, Turn(True, True, False)),
        (180, Turn(False, True, True)),
        (270, Turn(True, False, True)),
        (-90, Turn(True, False, True)),
        (359, Turn()),
    ],
)
def test_angles_become_the_nearest_quarter_turn(clockwise: float, turn: Turn) -> None:
    assert turn_of_degrees(clockwise) == turn
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert (turned(picture, turn) == np.rot90(picture, -round(clockwise / 90))).all()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("file", "sar", "shape"),
    [
        ("wide.mp4", Fraction(2), (120, 320)),
        ("wide.mkv", Fraction(2), (120, 320)),
        ("wide.avi", Fraction(4, 3), (120, 213)),
        ("tall.mp4", Fraction(1, 2), (240, 160)),
        ("tall.mov", Fraction(10, 11), (132, 160)),
        ("square.mp4", Fraction(1), (120, 160)),
    ],
)
def test_pixels_become_square_and_a_round_thing_round(
    tmp_path: Path, reader: str, file: str, sar: Fraction, shape: tuple[int, int]
) -> None:
    ys, xs = np.mgrid[:120, :160]
    circle = np.where(((xs - 80) * float(sar)) ** 2 + (ys - 60) ** 2 < 40**2, 255, 0).astype(np.uint8)
    path = write_video(tmp_path / file, [np.dstack([circle] * 3)] * 2, sar=sar)
    frames, _, said = read_to_the_end(path, reader)
    assert not said
    assert frames[0].image.shape[:2] == shape
    bright = frames[0].image[..., 0] > 128
    assert bright.any(axis=0).sum() == pytest.approx(bright.any(axis=1).sum(), rel=0.06)


@pytest.mark.parametrize("reader", READERS)
def test_pixels_of_a_turned_video_are_stretched_before_it_is_turned(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "both.mp4", [barred()], sar=Fraction(2))
    matrix = b"".join(value.to_bytes(4, "big", signed=True) for value in (0, ONE, 0, -ONE, 0, 0, 0, 0, 0x40000000))
    path.write_bytes(patched(path.read_bytes(), b"tkhd", 44, matrix))
    (frame,), _, _ = read_to_the_end(path, reader)
    assert frame.image.shape[:2] == (320, 120)
    assert place_of_bar(frame.image) == "right top"


@pytest.mark.parametrize("aspect", [0.0, 0.001, 5000.0, 1.004, float("nan")])
def test_absent_and_absurd_pixel_shapes_are_square(aspect: float) -> None:
    assert square_wh((640, 480), aspect) == (640, 480)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("file", "codec"),
    [("b.avi", "mpeg4"), ("b.avi", "libx264"), ("b.avi", "mpeg2video"), ("b.ts", "libx264"), ("b.mkv", "libx264")],
)
def test_pictures_that_are_stored_out_of_order_come_in_order_and_on_time(
    tmp_path: Path, reader: str, file: str, codec: str
) -> None:
    rate = 25 if codec == "mpeg2video" else 10
    path = write_video(tmp_path / file, [numbered(n) for n in range(20)], codec=codec, b_frames=2, rate=rate)
    frames, skipped, said = read_to_the_end(path, reader)
    assert [number_of(frame.image) for frame in frames] == list(range(20))
    assert [frame.t for frame in frames] == pytest.approx([n / rate for n in range(20)], abs=2e-3)
    assert not skipped and not said


@pytest.mark.parametrize("file", ["two.mkv", "two.mp4", "two.avi"])
def test_a_preview_that_comes_first_is_passed_over(tmp_path: Path, file: str) -> None:
    frames, _, said = read_to_the_end(with_preview(tmp_path / file), "auto")
    assert [frame.image.shape for frame in frames] == [(120, 160, 3)] * 5
    assert not said


def test_opencv_says_that_it_would_show_the_preview(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = with_preview(tmp_path / "two.mp4")
    without_pyav(monkeypatch)
    with pytest.raises(SourceError, match=r"video of 160x120 is not its first track.*pip install 'edgepose\[av\]'"):
        FileSource(str(path))


@pytest.mark.parametrize("reader", READERS)
def test_a_track_that_players_begin_with_goes_before_a_larger_one(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "two.mp4", [numbered(0)], preview=True)  # FFmpeg enables the first track alone
    frames, _, _ = read_to_the_end(path, reader)
    assert frames[0].image.shape == (30, 40, 3)


def with_cover(path: Path, *, before_the_tracks: bool) -> Path:
    """The MP4 with cover art in its metadata, before or behind its tracks; its index lies at its end."""
    import cv2

    picture = cv2.imencode(".jpg", numbered(3))[1].tobytes()

    def box(name: bytes, body: bytes) -> bytes:
        return (8 + len(body)).to_bytes(4, "big") + name + body

    cover = box(b"covr", box(b"data", (13).to_bytes(4, "big") + bytes(4) + picture))
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    udta = box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", cover)))
    data = path.read_bytes()
    start = data.index(b"moov") - 4
    moov = data[start + 8 : start + int.from_bytes(data[start : start + 4], "big")]
    mvhd = moov[: int.from_bytes(moov[:4], "big")]
    rest = moov[len(mvhd) :].replace(b"udta", b"free")
    path.write_bytes(data[:start] + box(b"moov", mvhd + udta + rest if before_the_tracks else mvhd + rest + udta))
    return path


@pytest.mark.parametrize("before_the_tracks", [True, False])
def test_a_cover_is_passed_over(tmp_path: Path, before_the_tracks: bool) -> None:
    path = write_video(tmp_path / "film.mp4", [numbered(n) for n in range(5)])
    frames, _, said = read_to_the_end(with_cover(path, before_the_tracks=before_the_tracks), "auto")
    assert [number_of(frame.image) for frame in frames] == list(range(5))
    assert not said


@pytest.mark.parametrize("reader", [*READERS, "auto"])
def test_a_song_with_a_cover_is_no_video(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "song.mp4", [], sound="aac", sound_s=2)
    frames, _, said = read_to_the_end(with_cover(path, before_the_tracks=False), reader)
    assert not frames
    assert "holds only a cover picture" in said


@pytest.mark.parametrize("reader", [*READERS, "auto"])
@pytest.mark.parametrize(
    ("file", "sound"), [("song.mp3", "libmp3lame"), ("song.flac", "flac"), ("song.wav", "pcm_s16le")]
)
def test_sound_is_no_video(tmp_path: Path, reader: str, file: str, sound: str) -> None:
    path = write_video(tmp_path / file, [], sound=sound, sound_s=2)
    frames, _, said = read_to_the_end(path, reader)
    assert not frames
    assert "it holds no pictures; give a video" in said


def without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    find = reader.find_spec
    monkeypatch.setattr(reader, "find_spec", lambda name: None if name == "av" else find(name))


@pytest.fixture
def av1(tmp_path: Path) -> Path:
    return write_video(tmp_path / "new.mp4", [numbered(n) for n in range(5)], codec="libsvtav1")


def opencv_reads(path: Path) -> bool:
    import cv2

    return bool(cv2.VideoCapture(str(path), cv2.CAP_FFMPEG).read()[0])


def test_what_opencv_cannot_decode_is_read_with_pyav(av1: Path) -> None:
    frames, skipped, said = read_to_the_end(av1, "auto")
    assert [number_of(frame.image) for frame in frames] == list(range(5))
    assert not skipped and not said


def test_a_codec_that_cannot_be_decoded_is_named(av1: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if opencv_reads(av1):
        pytest.skip("this OpenCV decodes AV1")
    with pytest.raises(SourceError, match=r'OpenCV .* no picture of it \(codec AV1\); leave the reader to "auto"'):
        FileSource(str(av1), SourceOptions(reader="opencv"))
    without_pyav(monkeypatch)
    with pytest.raises(SourceError, match=r"\(codec AV1\); install PyAV: pip install 'edgepose\[av\]', or convert it"):
        FileSource(str(av1))


@pytest.mark.parametrize("reader", [*READERS, "auto"])
def test_a_codec_that_nobody_knows_is_named(video: Path, tmp_path: Path, reader: str) -> None:
    path = tmp_path / "odd.avi"
    path.write_bytes(video.read_bytes().replace(b"MJPG", b"QQ4Z"))
    frames, _, said = read_to_the_end(path, reader)
    assert not frames
    assert "cannot read" in said
    assert "codec QQ4Z" in said
