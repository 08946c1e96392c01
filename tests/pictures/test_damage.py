"""Damaged pictures: a picture or one SourceError, never another exception, in bounded time."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import pytest
from pictures_kit import bit_flips, encoded, exif, gif_of, heic, jpeg_segment, jpeg_with, scene

from edgepose.errors import SourceError
from edgepose.pictures import read_image, read_moving

FILES = {
    "jpeg": lambda: jpeg_with(jpeg_segment(0xE1, b"Exif\0\0" + exif(6) + encoded(".jpg", image=scene()[::4, ::4]))),
    "progressive jpeg": lambda: encoded(".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "png": lambda: encoded(".png"),
    "webp": lambda: encoded(".webp"),
    "bmp": lambda: encoded(".bmp"),
    "tiff": lambda: encoded(".tif"),
    "raw tiff": lambda: encoded(".tif", cv2.IMWRITE_TIFF_COMPRESSION, 1),
    "gif": lambda: gif_of([(0, 1), (1, 0), (1, 1)] * 4),
    "pnm": lambda: encoded(".ppm"),
    "jpeg 2000": lambda: encoded(".jp2"),
    "heic": lambda: heic((512, 384), (256, 192), turn=1),
}
MAX_S = 10.0


def outcome(path: Path, data: bytes) -> bool:
    """Whether it was read; anything but a picture or a SourceError fails the test."""
    path.write_bytes(data)
    began = time.monotonic()
    try:
        image = read_image(path)
        assert image.ndim == 3 and image.size
        return True
    except SourceError as error:
        assert "\n" not in str(error)
        return False
    finally:
        assert time.monotonic() - began < MAX_S


@pytest.mark.parametrize("kind", FILES)
def test_a_picture_cut_anywhere_is_refused(tmp_path: Path, kind: str) -> None:
    data = FILES[kind]()
    read = [percent for percent in range(100) if outcome(tmp_path / "x.jpg", data[: len(data) * percent // 100])]
    if kind != "gif":  # of which the pictures up to there are whole
        assert read == []


@pytest.mark.parametrize("kind", FILES)
def test_flipped_bits_give_a_picture_or_one_sentence(tmp_path: Path, kind: str) -> None:
    for data in bit_flips(FILES[kind](), 100, seed=len(kind)):
        outcome(tmp_path / "x.jpg", data)


@pytest.mark.skipif(not hasattr(cv2, "imdecodeanimation"), reason="this OpenCV reads no GIF")
def test_flipped_bits_in_a_file_that_moves(tmp_path: Path) -> None:
    for data in bit_flips(FILES["gif"](), 100, seed=1):
        path = tmp_path / "x.gif"
        path.write_bytes(data)
        try:
            assert read_moving(path)
        except SourceError as error:
            assert "\n" not in str(error)
