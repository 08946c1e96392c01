"""Outlines: measured and painted as pycocotools does, refused by the record's id where nothing can be drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from coco_files import HEIGHT, WIDTH, crowd, spoilt, write

from edgepose.annotations import read_annotations
from edgepose.annotations.regions import Region, paint, parse_region, region_of
from edgepose.errors import DataError

WH = (WIDTH, HEIGHT)
SQUARE = [10, 20, 30, 20, 30, 50, 10, 50]


def _region(segmentation):
    return parse_region(json.dumps(segmentation).encode())


def _crowd(tmp_path, **more):
    """The crowd of picture 1 as the reader gives it."""
    path = write(tmp_path, spoilt(lambda data: data["annotations"].append(crowd(**more))))
    return read_annotations(path).pictures[0].people[-1]


def _painted(region):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    paint(mask, region)
    return mask


@pytest.mark.parametrize(
    ("segmentation", "n_polygons"),
    [
        ([SQUARE], 1),
        (SQUARE, 1),  # VIA writes it without a list around it
        ([SQUARE, [], [5, 5], [1, 2, 3], [1, 2, 3, 4], [None] * 6, [1e300] * 6, "x"], 1),  # slivers beside it
        ([[str(v) for v in SQUARE], SQUARE], 2),
    ],
)
def test_polygons_that_can_be_drawn_are_taken(segmentation, n_polygons):
    region = _region(segmentation)
    assert isinstance(region, Region) and len(region.polygons) == n_polygons
    assert region.area() == 20 * 30 * n_polygons and region.box() == (10, 20, 20, 30)
    mask = _painted(region)
    assert mask[20:51, 10:31].all() and mask.sum() == 31 * 21


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_a_record_without_an_outline_has_its_box(tmp_path, nothing):
    region = region_of(_crowd(tmp_path, segmentation=nothing), WH)
    assert _painted(region)[10:41, 100:131].all() and region.area() == 900


@pytest.mark.parametrize(
    "segmentation",
    [[[]], [[5, 6]], [[5, 6, 7, 8]], [[1, 2, 3, 4, 5]], [[None] * 8], [["x"] * 8], [[[1, 2], [3, 4], [5, 6]]], 7, "x"],
)
def test_an_outline_that_cannot_be_drawn_is_refused_by_its_id(tmp_path, segmentation):
    with pytest.raises(DataError, match=r"annotation 999 of .*(polygon|segmentation)"):
        region_of(_crowd(tmp_path, segmentation=segmentation), WH)


def test_a_bad_outline_of_a_labelled_person_matters_to_nobody(tmp_path):
    path = write(tmp_path, spoilt(lambda data: data["annotations"][0].update(segmentation=[[1]], area=None, bbox=None)))
    assert read_annotations(path).n_people == 4


def test_boxes_beyond_the_picture_paint_nothing():
    for box_xywh in ((-50.0, -50.0, 20.0, 20.0), (500.0, 500.0, 20.0, 20.0)):
        assert not _painted(Region(box_xywh=box_xywh)).any()


def _drawn(seed):
    rng = np.random.default_rng(seed)
    return (rng.random((HEIGHT, WIDTH)) < rng.choice([0.002, 0.3, 0.999])).astype(np.uint8)


def _runs(mask):
    flat = np.concatenate([[0], mask.ravel(order="F"), [2]])
    edges = np.flatnonzero(np.diff(flat))
    lengths = np.diff(np.concatenate([[0], edges]))
    return [int(v) for v in (lengths if flat[1] == 0 else np.concatenate([[0], lengths[1:]]))]


@pytest.mark.parametrize("seed", range(6))
def test_run_lengths_are_those_of_pycocotools(seed):
    coco_mask = pytest.importorskip("pycocotools.mask")
    mask = _drawn(seed)
    encoded = coco_mask.encode(np.asfortranarray(mask))
    region = _region({"size": [HEIGHT, WIDTH], "counts": encoded["counts"].decode()})
    assert isinstance(region, Region)
    assert (_painted(region) == mask).all()
    assert region.area() == float(coco_mask.area(encoded))
    assert region.box() == pytest.approx(coco_mask.toBbox(encoded).tolist())
    assert region.lengths is not None and region.lengths.tolist() == _runs(mask)


def test_plain_run_lengths_may_end_early():
    region = _region({"size": [HEIGHT, WIDTH], "counts": [HEIGHT + 5, 3]})
    assert isinstance(region, Region)
    mask = _painted(region)
    assert mask[5:8, 1].all() and mask.sum() == 3 and region.box() == (1, 5, 1, 3)


@pytest.mark.parametrize(
    ("segmentation", "words"),
    [
        ({"size": [50, 40], "counts": [1000, 900, 100]}, "run lengths of 40 x 50 pixels, its picture has 160 x 120"),
        ({"size": [WIDTH, HEIGHT], "counts": [19200]}, "run lengths of 120 x 160 pixels, its picture has 160 x 120"),
        ({"size": [50, 40], "counts": "T?T3"}, "run lengths"),
        ({"size": [HEIGHT, WIDTH], "counts": [19201]}, "run lengths that do not fit their size"),
        ({"size": [HEIGHT, WIDTH], "counts": [10**18, 10**18]}, "run lengths that do not fit"),
        ({"size": [HEIGHT, WIDTH], "counts": [5, -3]}, "run lengths that are none"),
        ({"size": [HEIGHT, WIDTH], "counts": [5, None]}, "run lengths that are none"),
        ({"size": [HEIGHT, WIDTH], "counts": "\u0000~"}, "run lengths that are none"),
        ({"size": [HEIGHT, WIDTH], "counts": "oooooooooooooooooo"}, "run lengths that are none"),
        ({"size": [HEIGHT, WIDTH]}, "run lengths that are none"),
        ({"counts": [5]}, "run lengths without a size"),
        ({"size": [10**9, 10**9], "counts": [1]}, "run lengths without a size"),
    ],
)
def test_run_lengths_of_another_size_are_refused_by_their_id(tmp_path, segmentation, words):
    with pytest.raises(DataError, match=f"annotation 999 of .* {words}"):
        region_of(_crowd(tmp_path, segmentation=segmentation), WH)


def test_the_area_left_out_is_that_of_the_outline_else_a_share_of_the_box(tmp_path):
    bare = crowd(area=None, bbox=[100, 10, 30, 40])
    assert _crowd(tmp_path, **bare).area == pytest.approx(0.53 * 30 * 40)
    assert _crowd(tmp_path, **bare, segmentation=[SQUARE]).area == 600


def test_the_box_left_out_is_that_of_the_outline_else_one_around_the_keypoints(tmp_path):
    assert _crowd(tmp_path, bbox=None, segmentation=[SQUARE]).box_xywh == (10, 20, 20, 30)
    keypoints = [0.0] * 51
    keypoints[15:18], keypoints[18:21] = [40, 30, 2], [60, 70, 1]
    x, y, width, height = _crowd(tmp_path, bbox=None, keypoints=keypoints).box_xywh
    assert (x + width / 2, y + height / 2) == pytest.approx((50, 50))
    assert (width, height) == pytest.approx((1.15 * 20, 1.15 * 40))


def test_a_box_around_one_keypoint_has_an_area(tmp_path):
    person = _crowd(tmp_path, bbox=None, area=None, keypoints=[40, 30, 2] + [0] * 48)
    assert person.box_xywh[2] > 0 and person.area > 0
