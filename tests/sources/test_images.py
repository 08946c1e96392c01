"""Picture folders: natural order, bad files among good ones, sentences for the rest."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from sources_kit import picture

from edgepose.errors import SourceError
from edgepose.pictures import list_images, read_image
from edgepose.sources import SourceOptions, open_source
from edgepose.sources.images import ImageFolderSource
from edgepose.types import Frame


def write(path: Path, number: int = 0) -> Path:
    cv2.imwrite(str(path), picture(number))
    return path


def read_all(source: ImageFolderSource) -> list[Frame]:
    frames = []
    try:
        while True:
            frame = source.read()
            assert frame is not None
            frames.append(frame)
    except EOFError:
        return frames


def test_pictures_come_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        write(tmp_path / f"frame{number}.png", number)
    (tmp_path / "notes.txt").write_text("not a picture")
    assert [path.name for path in list_images(tmp_path)] == ["frame1.png", "frame2.png", "frame10.png"]
    assert [int(frame.image[0, 0, 0]) for frame in read_all(ImageFolderSource(str(tmp_path)))] == [15, 20, 60]


def test_bad_pictures_among_good_ones_are_skipped_counted_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = write(tmp_path / "1.jpg").read_bytes()
    (tmp_path / "2.jpg").write_bytes(b"")
    (tmp_path / "3.jpg").write_bytes(good[: len(good) // 2])
    (tmp_path / "4.png").write_bytes(b"\x89PNG no")
    (tmp_path / "5.bmp").write_text("text")
    write(tmp_path / "6.jpg")
    source = ImageFolderSource(str(tmp_path))
    frames = read_all(source)
    assert [frame.seq for frame in frames] == [0, 5]
    assert source.skipped == 4
    assert "5.bmp" in source.last_skipped
    assert all(f"{name}'" in caplog.text for name in ("2.jpg", "3.jpg", "4.png", "5.bmp"))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_picture_cut_in_half_is_not_a_picture(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / f"cut{suffix}"
    cv2.imwrite(str(path), rng.integers(0, 255, (200, 200, 3), np.uint8))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError):
        read_image(path)


def test_grey_and_transparent_pictures_become_colour(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.zeros((4, 5), np.uint8))
    cv2.imwrite(str(tmp_path / "clear.png"), np.zeros((4, 5, 4), np.uint8))
    assert read_image(tmp_path / "grey.png").shape == read_image(tmp_path / "clear.png").shape == (4, 5, 3)


def test_a_single_picture_is_a_source(tmp_path: Path) -> None:
    source = open_source(str(write(tmp_path / "one.jpg")))
    frame = source.read()
    assert frame is not None
    assert frame.source == "one"
    with pytest.raises(EOFError):
        source.read()


def test_the_wished_rate_spaces_the_pictures(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.png")
    source = ImageFolderSource(str(tmp_path), SourceOptions(fps=4))
    assert [frame.t for frame in read_all(source)] == [0, 0.25, 0.5]


def test_an_empty_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(str(tmp_path))


def test_a_folder_of_bad_pictures_only_is_an_error_not_an_empty_end(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"")
    source = open_source(str(tmp_path))
    with pytest.raises(SourceError, match="none of 1 pictures"):
        source.read()


@pytest.mark.skipif(not hasattr(cv2, "imdecodeanimation"), reason="this OpenCV writes no animation")
def test_a_file_that_moves_gives_its_pictures_at_their_times_and_one_in_a_folder(tmp_path: Path) -> None:
    animation = cv2.Animation()
    animation.frames = [np.full((48, 64, 4), level, np.uint8) for level in (0, 100, 200)]
    animation.durations = [500, 250, 100]
    assert cv2.imwriteanimation(str(tmp_path / "three.webp"), animation)
    assert [frame.t for frame in read_all(ImageFolderSource(str(tmp_path / "three.webp")))] == [0, 0.5, 0.75]
    paced = ImageFolderSource(str(tmp_path / "three.webp"), SourceOptions(fps=10))
    assert [frame.t for frame in read_all(paced)] == [0, 0.1, 0.2]
    assert len(read_all(ImageFolderSource(str(tmp_path)))) == 1
