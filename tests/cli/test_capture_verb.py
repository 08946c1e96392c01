"""capture: different pictures over time, private, resumed, from any source."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.cli import main
from edgepose.cli.capture import seconds
from edgepose.cli.picture_folder import PictureFolder
from edgepose.errors import DataError

SCENE = "synthetic://?people=2&width=160&height=120&frames=200&fps=2"


def capture(capsys, *words: str) -> dict:
    assert main(["capture", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def noise(seed: int) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 255, (8, 9, 3), np.uint8)
    return cv2.resize(small, (160, 120), interpolation=cv2.INTER_NEAREST)


def test_pictures_are_written_until_there_are_enough(tmp_path: Path, capsys):
    report = capture(capsys, "--source", SCENE, "-n", "6", "-o", str(tmp_path / "set"))
    written = sorted((tmp_path / "set").iterdir())
    assert report["pictures"] == len(written) == 6
    assert all(cv2.imread(str(path)).shape == (120, 160, 3) for path in written)


def test_pictures_are_for_their_owner_only(tmp_path: Path, capsys):
    capture(capsys, "--source", SCENE, "-n", "2", "-o", str(tmp_path / "set"))
    assert stat.S_IMODE((tmp_path / "set").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "set").iterdir()} == {0o600}


def test_a_second_run_goes_on_where_the_first_ended(tmp_path: Path, capsys):
    capture(capsys, "--source", SCENE, "-n", "3", "-o", str(tmp_path))
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    report = capture(capsys, "--source", SCENE, "-n", "5", "-o", str(tmp_path))
    assert (report["pictures"], report["new"]) == (5, 2)
    assert all((tmp_path / name).read_bytes() == data for name, data in first.items())


def test_a_still_scene_is_kept_once(tmp_path: Path, capsys):
    report = capture(capsys, "--source", "synthetic://?people=0&frames=30&fps=1", "-n", "10", "-o", str(tmp_path))
    assert report["pictures"] == 1
    assert report["refused_alike"] == 29


def test_pictures_keep_their_distance_in_time(tmp_path: Path, capsys, monkeypatch):
    offered = []
    monkeypatch.setattr(PictureFolder, "offer", lambda self, name, image: offered.append(image) or tmp_path)
    capture_all = "synthetic://?people=0&width=32&height=24&frames=100&fps=10"
    main(["capture", "--source", capture_all, "-n", "50", "--every", "3s", "-o", str(tmp_path)])
    assert len(offered) == 4


def test_blank_pictures_calibrate_nothing(tmp_path: Path):
    folder = PictureFolder(tmp_path)
    assert folder.offer("x", np.full((120, 160, 3), 7, np.uint8)) is None
    assert (folder.kept, folder.blank) == (0, 1)


def test_a_cut_off_picture_of_an_earlier_run_is_neither_counted_nor_overwritten(tmp_path: Path):
    folder = PictureFolder(tmp_path)
    for seed in range(3):
        assert folder.offer("x", noise(seed))
    (tmp_path / "x-000002.jpg").write_bytes(b"")
    again = PictureFolder(tmp_path)
    assert again.kept == 2
    assert again.offer("x", noise(5)) == tmp_path / "x-000003.jpg"


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        PictureFolder(tmp_path / "file" / "set")


def test_a_source_without_a_fit_picture_fails(tmp_path: Path, capsys):
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((48, 64, 3), np.uint8))
    assert main(["capture", "--source", str(tmp_path / "black.png"), "-o", str(tmp_path / "set")]) == 1
    assert "no picture that is fit" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("90s", 90), ("15m", 900), ("24h", 86400), ("1d", 86400)])
def test_times_have_units(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "h", "-3s", "nan", "inf", "3 weeks"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError):
        seconds(text)


def test_folders_whose_names_are_not_utf8(tmp_path: Path, capsys):
    pictures, output = (tmp_path / os.fsdecode(name) for name in (b"M\xfcnchen", b"K\xf6ln"))
    try:
        pictures.mkdir()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    for seed in range(3):
        done, data = cv2.imencode(".png", noise(seed))
        assert done
        (pictures / os.fsdecode(b"\xfc%d.png" % seed)).write_bytes(data.tobytes())
    report = capture(capsys, "--source", str(pictures), "-n", "3", "--every", "0s", "-o", str(output))
    assert (report["new"], report["folder"]) == (3, str(tmp_path / "K\\xf6ln"))
    assert len(list(output.iterdir())) == 3
