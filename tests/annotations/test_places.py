"""Pictures are found under the names that other machines, systems and labelling servers gave them."""

from __future__ import annotations

import unicodedata

import pytest
from coco_files import each, spoilt, write

from edgepose.annotations import locate, read_annotations
from edgepose.annotations.places import find_picture
from edgepose.errors import DataError


@pytest.mark.parametrize(
    ("recorded", "there"),
    [
        ("a.png", "a.png"),
        ("val/a.png", "a.png"),
        ("val/a.png", "val/a.png"),
        ("/home/nobody/data/val/a.png", "val/a.png"),
        ("/home/nobody/data/val/a.png", "a.png"),
        (r"images\a.png", "a.png"),
        (r"C:\Users\nobody\set one\val\a.png", "val/a.png"),
        (r"..\..\label-studio\data\media\upload\1\8f3c2b1a-a.png", "a.png"),
        ("/data/upload/1/8f3c2b1a-a.png", "8f3c2b1a-a.png"),
        ("/data/local-files/?d=val/my%20walk/a.png", "my walk/a.png"),
        ("/data/local-files/?d=val%2Fa.png", "val/a.png"),
        ("my%20walk/a.png", "my walk/a.png"),
        ("100%25.png", "100%25.png"),
        ("https://host:8080/frames/a.png?token=x", "frames/a.png"),
        ("s3://bucket/frames/a.png", "a.png"),
        (unicodedata.normalize("NFD", "Türe.png"), unicodedata.normalize("NFC", "Türe.png")),
    ],
)
def test_a_recorded_name_leads_to_the_file(tmp_path, recorded, there):
    path = tmp_path / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert find_picture(tmp_path, recorded) == path


def test_the_longest_end_of_a_name_wins(tmp_path):
    for name in ("a.png", "one/a.png", "two/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_picture(tmp_path, "D:\\set\\two\\a.png") == tmp_path / "two/a.png"


@pytest.mark.parametrize("name", ["", "/", "..", "x" * 5000, "a\0.png", "\udc80.png", "/" * 100_000, "a/" * 50_000])
def test_names_that_no_file_can_have_lead_to_none(tmp_path, name):
    assert find_picture(tmp_path, name) is None


def test_two_records_that_lead_to_one_file_are_refused(tmp_path):
    """One of them is another picture, of which only the name's end is known here."""

    def edit(data):
        for record, name in zip(data["images"], ["cam1/0001.png", "cam2/0001.png", "0003.png"], strict=True):
            record["file_name"] = name

    annotations = read_annotations(write(tmp_path, spoilt(edit)))
    with pytest.raises(DataError, match=r"pictures 1 \('cam1/0001.png'\) and 2 \('cam2/0001.png'\) .* are one file"):
        locate(annotations, tmp_path)


def test_missing_and_unreadable_pictures_are_counted_together(tmp_path):
    path = write(tmp_path, spoilt(lambda data: None))
    (tmp_path / "0001.png").unlink()
    (tmp_path / "0002.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"2 of 3 pictures of .* are missing or unreadable .*such as 0001\.png"):
        locate(read_annotations(path), tmp_path)


def test_one_in_a_hundred_may_be_missing(tmp_path, caplog):
    def edit(data):
        data["images"] = [data["images"][0] | {"id": k, "file_name": f"{k}.png"} for k in range(100)]
        each("annotations", image_id=5)(data)

    path = write(tmp_path, spoilt(edit))
    for k in range(99):
        (tmp_path / f"{k}.png").write_bytes((tmp_path / "0001.png").read_bytes())
    assert len(list(locate(read_annotations(path), tmp_path))) == 99
    assert "1 pictures are left out, such as 99.png" in caplog.text
