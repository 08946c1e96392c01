"""Which files are pictures, and in which order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pictures_kit import encoded, heic

from edgepose.errors import SourceError
from edgepose.pictures import is_picture, list_images

LATIN_1 = os.fsdecode(b"M\xfcnchen.jpg")


def names(folder: Path, *given: str) -> list[str]:
    for name in given:
        (folder / name).touch()
    return [path.name for path in list_images(folder)]


@pytest.mark.parametrize(
    "ordered",
    [
        ["1.png", "2.png", "10.png"],
        ["①2.jpg", "①10.jpg"],
        ["10²5.png", "10²30.png", "11.png"],
        ["\u0663.jpg", "\u0661\u0660.jpg"],  # 3 and 10 in Arabic digits
        ["1.png", "a.jpg", "a.png", "a1.png"],
        [LATIN_1, "a.jpg"],
        ["1.png", "01.png"][::-1],
    ],
)
def test_names_come_in_natural_order(tmp_path: Path, ordered: list[str]) -> None:
    assert names(tmp_path, *reversed(ordered)) == ordered


def test_kinds_that_may_not_be_readable_are_listed_too(tmp_path: Path) -> None:
    wanted = ["a.AVIF", "a.HEIC", "a.JFIF", "a.gif", "a.jp2", "a.jxl"]
    assert names(tmp_path, *wanted, "notes.txt", "._a.gif") == wanted


def test_a_link_to_nothing_is_listed_and_a_folder_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to(tmp_path / "gone")
    (tmp_path / "b.jpg").mkdir()
    assert names(tmp_path) == ["a.jpg"]


def test_a_folder_without_pictures_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no pictures"):
        list_images(tmp_path)
    with pytest.raises(SourceError, match="no folder"):
        list_images(tmp_path / "gone")


def test_a_file_without_a_telling_name_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    files = {"photo": encoded(".jpg"), "x.jpg_large": encoded(".png"), "y.bin": heic((64, 48), (64, 48))}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        assert is_picture(tmp_path / name)
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(20))
    assert not is_picture(tmp_path / "film.mp4")
    assert not is_picture(tmp_path / "gone")
