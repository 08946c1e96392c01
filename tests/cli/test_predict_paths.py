"""predict and several paths: what cannot be read is left out and named, the rest is kept, the exit code says which."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.cli import main

pytest.importorskip("openvino")

HW = (120, 160)
LATIN_1 = os.fsdecode(b"M\xfcnchen.png")


def picture(path: Path) -> Path:
    done, data = cv2.imencode(".png", np.full((*HW, 3), 90, np.uint8))
    assert done
    path.write_bytes(data.tobytes())
    return path


def video(path: Path, n_frames: int = 3) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, HW[::-1])
    if not writer.isOpened():
        pytest.skip("OpenCV writes no video here")
    for level in range(n_frames):
        writer.write(np.full((*HW, 3), level, np.uint8))
    writer.release()
    return path


class Predicted:
    """One run of predict with a shipped network. images: (file name, frame) of images.json."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], *paths: Path) -> None:
        out = folder / "out"
        self.code = main(["predict", *map(str, paths), "-o", str(out), "--model", "edgepose-nano", "--json"])
        printed = capsys.readouterr()
        self.report = json.loads(printed.out) if printed.out else None
        self.words = printed.err.splitlines()
        images = json.loads((out / "images.json").read_text())["images"]
        self.images = [(image["file_name"], image.get("frame")) for image in images]
        self.out = out


def test_a_broken_path_among_several_ends_neither_the_work_nor_well(tmp_path, capsys):
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"RIFF\0\0\0\0AVI no")
    good = video(tmp_path / "good.avi")
    ran = Predicted(
        tmp_path, capsys, broken, picture(tmp_path / "a.png"), tmp_path / "gone.jpg", tmp_path / ("x" * 300), good
    )
    assert ran.code == 1
    assert ran.images == [("a.png", None), ("good.avi", 0), ("good.avi", 1), ("good.avi", 2)]
    assert ran.report["failed"] == [str(broken), str(tmp_path / "gone.jpg"), str(tmp_path / ("x" * 300))]
    assert (ran.report["images"], ran.report["skipped"]) == (4, 3)
    assert ran.words[-1].startswith("edgepose: 3 of 5 paths failed: ")
    assert "gone.jpg" in ran.words[-1] and "broken.avi" in ran.words[-1]


def test_a_broken_picture_of_a_folder_is_no_failure_and_named_at_the_end(tmp_path, capsys):
    folder = tmp_path / "set"
    folder.mkdir()
    picture(folder / "a.png")
    (folder / "b.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(4) + b"mif1heic")
    ran = Predicted(tmp_path, capsys, folder)
    assert (ran.code, ran.images) == (0, [("a.png", None)])
    assert ran.report["left_out"] == [str(folder / "b.HEIC")]
    assert ran.words[-1].startswith("edgepose: left out as unreadable (1): ")


def test_a_folder_of_broken_pictures_only_is_a_failure(tmp_path, capsys):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "a.png").touch()
    ran = Predicted(tmp_path, capsys, folder, picture(tmp_path / "b.png"))
    assert (ran.code, ran.images) == (1, [("b.png", None)])
    assert ran.report["failed"] == [str(folder)]


def test_nothing_but_a_broken_video_leaves_the_lists(tmp_path, capsys):
    broken = tmp_path / "x.mp4"
    broken.write_bytes(bytes(1000))
    ran = Predicted(tmp_path, capsys, broken)
    assert (ran.code, ran.images, ran.report) == (1, [], None)
    assert len(ran.words) == 1


def test_names_that_are_not_utf8_are_written_with_escapes(tmp_path, capsys):
    try:
        picture(tmp_path / LATIN_1)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    ran = Predicted(tmp_path, capsys, tmp_path / LATIN_1)
    assert (ran.code, ran.images) == (0, [("M\\xfcnchen.png", None)])
    assert len(list((ran.out / "drawn").iterdir())) == len(list((ran.out / "openpose").iterdir())) == 1


def test_a_name_as_long_as_a_name_can_be(tmp_path, capsys):
    ran = Predicted(tmp_path, capsys, picture(tmp_path / ("ä" * 120 + ".png")))
    assert ran.code == 0


@pytest.mark.skipif(not hasattr(cv2, "imdecodeanimation"), reason="this OpenCV writes no animation")
def test_a_picture_that_moves_gives_all_its_pictures(tmp_path, capsys):
    animation = cv2.Animation()
    animation.frames = [np.full((*HW, 4), level, np.uint8) for level in (0, 100, 200)]
    animation.durations = [100, 100, 100]
    assert cv2.imwriteanimation(str(tmp_path / "wave.webp"), animation)
    assert Predicted(tmp_path, capsys, tmp_path / "wave.webp").images == [("wave.webp", k) for k in range(3)]


def test_what_is_written_is_its_owners_and_follows_no_link(tmp_path, capsys):
    (tmp_path / "other").write_text("kept")
    for place in ("drawn/a.jpg", "openpose/a_keypoints.json", "images.json"):
        (tmp_path / "out" / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / place).symlink_to(tmp_path / "other")
    ran = Predicted(tmp_path, capsys, picture(tmp_path / "a.png"))
    assert (tmp_path / "other").read_text() == "kept"
    written = [path for path in ran.out.rglob("*") if path.is_file()]
    assert len(written) == 4
    assert {stat.S_IMODE(path.lstat().st_mode) for path in written} == {0o600}
