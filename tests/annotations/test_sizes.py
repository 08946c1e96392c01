"""Labels and pictures fit together: sizes are compared, and EXIF's turns are made or not as the labels were drawn."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from coco_files import HEIGHT, WIDTH, each, spoilt, without, write

from edgepose.annotations import locate, read_annotations, read_place
from edgepose.annotations.header import shape_of
from edgepose.errors import DataError, SourceError

QUARTERS = (5, 6, 7, 8)


def picture() -> np.ndarray:
    """Brighter to the right, with a red corner at the top left: no two turns of it are alike."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[..., 0] = np.linspace(0, 240, WIDTH)
    image[:24, :24, 2] = 255
    return image


def stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """The rows that a camera writes for this upright picture: EXIF's definition, read backwards."""
    if orientation in (3, 4, 7, 8):
        upright = upright[::-1]
    if orientation in (2, 3, 6, 7):
        upright = upright[:, ::-1]
    return upright.transpose(1, 0, 2) if orientation >= 5 else upright


def write_jpeg(path, upright, orientation):
    rows = np.ascontiguousarray(stored(upright, orientation))
    data = cv2.imencode(".jpg", rows, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 274, 3, 1, orientation, 0, 0)
    segment = b"Exif\0\0" + tiff
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:])
    return rows


def located(folder, edit):
    """The pictures as JPEGs of whatever turn lie there already, after `edit` of their records."""

    def names(data):
        for record in data["images"]:
            record["file_name"] = f"{record['id']:04}.jpg"
        edit(data)

    return list(locate(read_annotations(write(folder, spoilt(names), ending=".jpg")), folder))


def labelled_as_stored(data):
    each("images", width=HEIGHT, height=WIDTH)(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_labels_of_the_upright_picture_see_it_upright(tmp_path, orientation):
    for k in (1, 2, 3):
        write_jpeg(tmp_path / f"{k:04}.jpg", picture(), orientation)
    for _, place in located(tmp_path, lambda data: None):
        assert np.abs(read_place(place).astype(int) - picture()).mean() < 8


@pytest.mark.parametrize("orientation", QUARTERS)
def test_labels_of_the_rows_as_stored_see_those(tmp_path, orientation):
    for k in (1, 2, 3):
        rows = write_jpeg(tmp_path / f"{k:04}.jpg", picture(), orientation)
    for _, place in located(tmp_path, labelled_as_stored):
        assert np.abs(read_place(place).astype(int) - rows).mean() < 8


def test_a_half_turn_goes_as_the_rest_of_the_list_does(tmp_path):
    """Its size tells nothing; two neighbours with quarter turns were labelled as stored."""

    def edit(data):
        for record in data["images"][:2]:
            record.update(width=HEIGHT, height=WIDTH)

    write_jpeg(tmp_path / "0001.jpg", picture(), 6)
    write_jpeg(tmp_path / "0002.jpg", picture(), 8)
    rows = write_jpeg(tmp_path / "0003.jpg", picture(), 3)
    (*_, (_, place)) = located(tmp_path, edit)
    assert np.abs(read_place(place).astype(int) - rows).mean() < 8


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (each("images", width=2 * WIDTH, height=2 * HEIGHT), r"records 320 x 240 for it \(3 of 3 pictures differ\)"),
        (labelled_as_stored, "records 120 x 160 for it"),
        (lambda data: data["images"][1].update(width=WIDTH + 1), "records 161 x 120 for it: its labels"),
    ],
)
def test_a_record_of_another_size_is_refused_with_both(tmp_path, edit, says):
    path = write(tmp_path, spoilt(edit))
    with pytest.raises(DataError, match=f"has 160 x 120 pixels, and .* {says}"):
        locate(read_annotations(path), tmp_path)


def test_labels_beyond_a_picture_whose_size_is_not_recorded_are_refused(tmp_path):
    def edit(data):
        without("images", "width", "height")(data)
        for record in data["annotations"]:
            record["keypoints"] = [2 * v for v in record["keypoints"]]

    path = write(tmp_path, spoilt(edit))
    with pytest.raises(DataError, match=r"has 160 x 120 pixels, and most keypoints of its people in .* lie outside"):
        locate(read_annotations(path), tmp_path)


def test_the_size_of_a_picture_without_people_does_not_matter(tmp_path):
    def edit(data):
        data["images"][1].update(width=5, height=5)
        data["annotations"] = [one for one in data["annotations"] if one["image_id"] != 2]

    found = list(locate(read_annotations(write(tmp_path, spoilt(edit))), tmp_path))
    assert [place.size_wh for _, place in found] == [(WIDTH, HEIGHT)] * 3


def test_a_person_with_no_keypoint_in_its_picture_is_named(tmp_path, caplog):
    path = write(tmp_path, spoilt(lambda data: data["annotations"][0].update(keypoints=[900.0, 900.0, 2] * 17)))
    locate(read_annotations(path), tmp_path)
    assert "1 people have no labelled keypoint inside their picture, such as annotation 100" in caplog.text


@pytest.mark.parametrize("ending", [".png", ".jpg", ".bmp", ".webp", ".tif"])
def test_shapes_are_read_from_headers_and_pictures_alike(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    cv2.imwrite(str(path), picture())
    assert shape_of(path) == ((WIDTH, HEIGHT), (WIDTH, HEIGHT), False)


def test_a_jpeg_whose_size_stands_behind_a_long_preview_is_read_whole(tmp_path):
    path = tmp_path / "a.jpg"
    write_jpeg(path, picture(), 6)
    data = path.read_bytes()
    segments = b"".join(b"\xff\xe2" + struct.pack(">H", 60_000) + bytes(59_998) for _ in range(3))
    path.write_bytes(data[:2] + segments + data[2:])
    assert shape_of(path).upright_wh == (WIDTH, HEIGHT)


def test_a_picture_that_changes_after_it_was_looked_at_is_named(tmp_path):
    ((_, place), *_) = locate(read_annotations(write(tmp_path, spoilt(lambda data: None))), tmp_path)
    cv2.imwrite(str(place.path), np.zeros((5, 7, 3), np.uint8))
    with pytest.raises(SourceError, match="has 7 x 5 pixels, its header said 160 x 120"):
        read_place(place)
