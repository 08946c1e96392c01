"""Written pictures are their owner's, whole, and go through no link."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from pictures_kit import close_to, scene

from edgepose.errors import FileError
from edgepose.pictures import read_image, write_image


@pytest.mark.parametrize("name", ["a.jpg", "a.png", os.fsdecode(b"M\xfcnchen.png")])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    (tmp_path / "other").write_text("kept")
    try:
        (tmp_path / name).symlink_to(tmp_path / "other")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    write_image(tmp_path / name, scene())
    assert close_to(read_image(tmp_path / name), scene())
    assert stat.S_IMODE((tmp_path / name).lstat().st_mode) == 0o600
    assert (tmp_path / "other").read_text() == "kept"


@pytest.mark.parametrize(
    ("name", "image"), [("a.txt", scene()), ("a", scene()), ("a.png", np.zeros((0, 4, 3), np.uint8))]
)
def test_what_cannot_be_encoded_is_one_sentence(tmp_path: Path, name: str, image: np.ndarray) -> None:
    with pytest.raises(FileError, match=r"ends in \.jpg or \.png"):
        write_image(tmp_path / name, image)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".png", ".bmp", ".jpg", ".JPG"])
def test_a_picture_is_written_without_a_word_whatever_its_ending(ending, tmp_path, capfd):
    write_image(tmp_path / f"a{ending}", np.zeros((4, 6, 3), np.uint8))
    assert capfd.readouterr() == ("", "")
    assert read_image(tmp_path / f"a{ending}").shape == (4, 6, 3)
