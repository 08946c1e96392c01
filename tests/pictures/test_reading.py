"""One picture in, its pixels out: kinds, turns, ends, and what is refused."""

from __future__ import annotations

import logging
import os
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from pictures_kit import (
    close_to,
    encoded,
    exif,
    gif_of,
    heic,
    jpeg_segment,
    jpeg_with,
    png_chunk,
    png_of,
    scene,
)

from edgepose.errors import SourceError
from edgepose.pictures import moves, pixels, read_image, read_moving
from edgepose.pictures.header import header_of
from edgepose.pictures.tiff import TURNS

READS_GIF = hasattr(cv2, "imdecodeanimation")


def file(folder: Path, data: bytes, name: str = "x.jpg") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tif", ".jp2", ".ppm", ".gif", ".avif"])
def test_every_kind_is_read_whatever_the_file_is_called(tmp_path: Path, suffix: str) -> None:
    try:
        data = encoded(suffix)
    except (cv2.error, AssertionError):
        pytest.skip("this OpenCV writes none")
    assert close_to(read_image(file(tmp_path, data)), scene(), 20 if suffix == ".gif" else 12)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("grey", scene()[..., 0]),
        ("16 bits", scene().astype(np.uint16) * 257),
        ("transparent", np.dstack([scene(), np.zeros((48, 64), np.uint8)])),
    ],
)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_other_depths_become_eight_bits_of_three_colours(
    tmp_path: Path, name: str, image: np.ndarray, suffix: str
) -> None:
    wanted = np.dstack([image] * 3) if image.ndim == 2 else scene()
    assert close_to(read_image(file(tmp_path, encoded(suffix, image=image))), wanted, 1)


def turned(image: np.ndarray, orientation: int) -> np.ndarray:
    """What EXIF 4.6.4 says: where row 0 and column 0 of the stored picture are on the upright one."""
    image = image.transpose(1, 0, 2) if orientation >= 5 else image
    image = image[:, ::-1] if orientation in (2, 3, 6, 7) else image
    return image[::-1] if orientation in (3, 4, 7, 8) else image


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_picture_is_turned_upright_as_its_exif_says(tmp_path: Path, kind: str, orientation: int) -> None:
    if kind == "jpeg":
        data = jpeg_with(jpeg_segment(0xE1, b"Exif\0\0" + exif(orientation)))
    elif kind == "png":
        data = encoded(".png")
        data = data[:33] + png_chunk(b"eXIf", exif(orientation)) + data[33:]
    else:
        still = encoded(".webp", cv2.IMWRITE_WEBP_QUALITY, 101)[12:]
        form = struct.pack("<4sIB3x", b"VP8X", 10, 8) + (63).to_bytes(3, "little") + (47).to_bytes(3, "little")
        body = b"WEBP" + form + still + struct.pack("<4sI", b"EXIF", 26) + exif(orientation)
        data = b"RIFF" + struct.pack("<I", len(body)) + body
    path = file(tmp_path, data)
    assert close_to(read_image(path), turned(scene(), orientation))
    assert close_to(read_image(path, upright=False), scene())


def test_the_turn_of_a_heic_is_that_of_its_boxes() -> None:
    assert [header_of(heic((512, 384), (256, 192), turn=quarter)).turns for quarter in range(4)] == [
        (),
        ("left",),
        ("half",),
        ("right",),
    ]
    assert TURNS[6] == ("right",)


def test_a_film_behind_the_end_of_a_jpeg_is_not_its_end(tmp_path: Path) -> None:
    film = b"\0\0\0\x20ftypmp42" + bytes(200_000)
    assert close_to(read_image(file(tmp_path, encoded(".jpg") + film)), scene())


def test_the_end_of_a_thumbnail_is_not_the_end_of_its_picture(tmp_path: Path) -> None:
    whole = jpeg_with(jpeg_segment(0xE1, b"Exif\0\0" + exif(1) + encoded(".jpg", image=scene()[::4, ::4])))
    assert close_to(read_image(file(tmp_path, whole)), scene())
    with pytest.raises(SourceError, match="cut off"):
        read_image(file(tmp_path, whole[:-200]))


def test_a_heic_is_named_and_no_tile_of_it_is_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, heic((512, 384), (256, 192)), "photo.heic")
    assert header_of(path.read_bytes()).size_wh == (512, 384)

    class Tile(SimpleNamespace):
        size = (256, 192)

        def __enter__(self) -> Tile:
            return self

        def __exit__(self, *_: object) -> None:
            return None

    class Whole(Tile):
        size = (512, 384)

        def convert(self, _: str) -> Any:
            return np.zeros((384, 512, 3), np.uint8)

    def library(opened: Any) -> Any:
        return lambda name: SimpleNamespace(
            open=lambda _: opened, exif_transpose=lambda picture: picture, register_heif_opener=lambda: None
        )

    monkeypatch.setattr(pixels, "import_module", library(Tile()))
    with pytest.raises(SourceError, match=r"is a HEIC picture.*convert it to JPEG"):
        read_image(path)
    monkeypatch.setattr(pixels, "import_module", library(Whole()))
    assert read_image(path).shape == (384, 512, 3)


@pytest.mark.parametrize(
    ("name", "start", "word"),
    [
        ("a.jxl", b"\xff\x0a" + bytes(50), "JPEG XL"),
        ("a.cr2", b"II*\0\x10\0\0\0CR\2\0" + bytes(50), "camera's raw"),
        ("a.heic", box_start := b"\0\0\0\x18ftypheic" + bytes(4) + b"mif1heic", "HEIC"),
        ("a.avif", box_start.replace(b"heic", b"avif"), "AVIF"),
        ("a.jpg", b"<html>", "not a picture"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, start: bytes, word: str) -> None:
    with pytest.raises(SourceError, match=word):
        read_image(file(tmp_path, start, name))


def test_the_preview_of_a_raw_picture_is_not_taken_for_it(tmp_path: Path) -> None:
    data = bytearray(encoded(".tif", cv2.IMWRITE_TIFF_COMPRESSION, 1))
    at = struct.unpack_from("<I", data, 4)[0] + 2
    struct.pack_into("<HHII", data, at, 254, 4, 1, 1)  # NewSubfileType: a reduced picture
    with pytest.raises(SourceError, match="camera's raw"):
        read_image(file(tmp_path, bytes(data), "a.dng"))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a PNG of 4 GB", png_of(38_000, 38_000), "38000 x 38000.*200 million"),
        ("32,000 x 32,000", png_of(32_000, 32_000), "32000 x 32000.*200 million"),
        ("large and empty", png_of(12_000, 12_000), "too few"),
        ("no width", png_of(0, 100), "damaged PNG.*0 x 100"),
    ],
)
def test_what_claims_too_much_is_refused_before_memory_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes, words: str
) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("was decoded"))
    with pytest.raises(SourceError, match=words):
        read_image(file(tmp_path, data))


def test_every_kind_is_refused_by_its_header_where_it_claims_too_much(tmp_path: Path) -> None:
    huge = 32_000
    jpeg = bytearray(encoded(".jpg"))
    struct.pack_into(">HH", jpeg, jpeg.index(b"\xff\xc0") + 5, huge, huge)
    tif = bytearray(encoded(".tif", cv2.IMWRITE_TIFF_COMPRESSION, 1))
    for tag in (256, 257):
        struct.pack_into("<I", tif, tif.index(struct.pack("<HHI", tag, 3, 1)) + 8, huge)
    jp2 = encoded(".jp2")
    siz = jp2.index(b"\xff\x4f\xff\x51") + 8
    files = [
        bytes(jpeg),
        bytes(tif),
        jp2[:siz] + struct.pack(">II", huge, huge) + jp2[siz + 8 :],
        gif_of([(0, 1)], (huge, huge)),
        heic((huge, huge), (512, 512)),
        b"P6 %d %d 255\n" % (huge, huge) + bytes(100),
        struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 0, 0, 0, 54, 40, huge, huge, 1, 24, 1, 0, 0, 0, 0, 0),
        b"RIFF" + struct.pack("<I4s4sII", 22, b"WEBP", b"VP8X", 10, 0) + ((huge - 1).to_bytes(3, "little")) * 2,
    ]
    for number, data in enumerate(files):
        with pytest.raises(SourceError, match=r"32000 x 32000|cut off"):
            read_image(file(tmp_path, data, f"{number}.jpg"))


def test_a_jpeg_of_a_thousand_scans_is_refused(tmp_path: Path) -> None:
    scan = jpeg_segment(0xDA, b"\1\1\0\0\0\0")
    with pytest.raises(SourceError, match="scans"):
        read_image(file(tmp_path, jpeg_with(scan * 1000)))


@pytest.mark.parametrize("what", ["missing", "folder", "pipe", "empty"])
def test_what_is_no_file_is_one_sentence(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.jpg"
    {"missing": lambda: None, "folder": path.mkdir, "pipe": lambda: os.mkfifo(path), "empty": path.touch}[what]()
    with pytest.raises(SourceError, match=r"x\.jpg"):
        read_image(path)


@pytest.mark.skipif(not READS_GIF, reason="this OpenCV reads no GIF")
def test_of_a_file_that_moves_the_first_picture_is_read_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = file(tmp_path, gif_of([(0, 1), (1, 0), (1, 1)]), "wave.gif")
    with caplog.at_level(logging.WARNING):
        image = read_image(path)
    assert image[0, :, 0].tolist() == [0, 255]
    assert "wave.gif' holds 3 pictures, only the first is read" in caplog.text
    assert moves(path)
    assert [(t, picture[0, :, 0].tolist()) for t, picture in read_moving(path)] == [
        (0.0, [0, 255]),
        (pytest.approx(0.2), [255, 0]),
        (pytest.approx(0.4), [255, 255]),
    ]


def test_too_many_moving_pictures_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    for n, side in ((1000, 1000), (30, 1000)):  # too many; 30 million pixels in 1 kB
        path = file(tmp_path, gif_of([(0, 1)] * n, (side, side)), "long.gif")
        with pytest.raises(SourceError, match=rf"{n} pictures of 1000 x 1000.*convert it to a video"):
            read_moving(path)


def moving_png(frame: bytes) -> bytes:
    """A PNG whose second picture is that of an animation; its own is not."""
    still = encoded(".png")
    first = still.index(b"IDAT") - 4
    chunks = png_chunk(b"acTL", struct.pack(">II", 2, 0))
    shown = png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 64, 48, 0, 0, 1, 10, 0, 0))
    return still[:first] + chunks + still[first:-12] + shown + png_chunk(b"fdAT", bytes(4) + frame) + still[-12:]


def test_opencv_is_not_given_the_animation_of_a_png(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV 5.0 ends the process (a segmentation fault) on some damaged ones; found by flipping bits."""
    imdecode = cv2.imdecode

    def without(data: np.ndarray, flags: int) -> Any:
        assert not any(name in data.tobytes() for name in (b"acTL", b"fcTL", b"fdAT"))
        return imdecode(data, flags)

    monkeypatch.setattr(cv2, "imdecode", without)
    monkeypatch.setattr(cv2, "imdecodeanimation", lambda *_: pytest.fail("was given the animation"), raising=False)
    path = file(tmp_path, moving_png(b"no picture"), "moving.png")
    assert close_to(read_image(path), scene(), 1)
    assert header_of(path.read_bytes()).n_pictures == 2
    assert len(read_moving(path)) == 1  # the second is none
