"""Whatever stands in an annotation file, it is read or refused in a sentence, by whoever reads it."""

from __future__ import annotations

import copy
import json
import random

import pytest
from coco_files import HEIGHT, WIDTH, content, crowd, write

from edgepose.annotations import locate, read_annotations
from edgepose.annotations.regions import region_of
from edgepose.errors import DataError

N_FILES = 400


def nested(depth):
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


VALUES = [
    None, True, False, 0, -1, 1, 1.5, 1e300, -1e300, float("nan"), float("inf"), 10**30, 10**400, "", "x", "7", "NaN",
    "1e999", "\ud800", "\0", "a" * 5000, "/" * 3000, "../../etc/passwd", "/dev/zero", [], {}, [None], [[]], [[[]]],
    {"a": 1}, nested(50), nested(400), [0] * 51, [1e9] * 51, ["1"] * 51, {"size": [HEIGHT, WIDTH], "counts": [1] * 9},
    {"size": [10**9, 10**9], "counts": [10**18]}, {"size": [HEIGHT, WIDTH], "counts": "~~~"},
]  # fmt: skip


def base():
    """All that a file may hold: people, a crowd as polygons, plain and compressed run lengths."""
    data = content()
    data["annotations"] += [
        crowd(id=997, segmentation=[[100, 10, 130, 10, 130, 40]]),
        crowd(id=998, segmentation={"size": [HEIGHT, WIDTH], "counts": [100, 50, 19050]}),
        crowd(id=999, image_id=2, segmentation={"size": [HEIGHT, WIDTH], "counts": "Zn1"}),
    ]
    return data


def paths_of(value, path=()):
    """Where each value of a document stands, keypoint by keypoint, too."""
    if path:
        yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from paths_of(value[key], (*path, key))


def mutated(rng, good, paths):
    data = copy.deepcopy(good)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        *above, last = rng.choice(paths)
        try:
            owner = data
            for key in above:
                owner = owner[key]
            how = rng.random()
            if how < 0.2:
                del owner[last]
            elif how < 0.3 and isinstance(owner, list):
                owner.append(copy.deepcopy(owner[last]))
            elif how < 0.4:
                owner[last] = str(owner[last])
            else:
                owner[last] = rng.choice(VALUES)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took its place away
    return data


def damaged(rng, data):
    """The bytes of a file, now and then with some changed or the end missing."""
    data = bytearray(data)
    if rng.random() < 0.15:
        for _ in range(rng.choice([1, 3, 10])):
            data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.05 else data)


def test_any_file_is_read_or_refused_in_one_sentence(tmp_path):
    good = base()
    paths = [path for path in paths_of(good) if len(path) < 4 or path[2] != "keypoints"]
    write(tmp_path, good)
    n_read = 0
    for seed in range(N_FILES):
        rng = random.Random(seed)
        path = write(tmp_path, damaged(rng, json.dumps(mutated(rng, good, paths)).encode()))
        try:
            annotations = read_annotations(path)
            for picture, place in locate(annotations, tmp_path):
                for person in picture.people:
                    assert person.area > 0 and min(person.box_xywh[2:]) > 0, seed
                    if person.is_crowd:
                        region_of(person, place.size_wh)
        except DataError as error:
            assert "\n" not in str(error) and len(str(error)) < 600, seed
        else:
            n_read += 1
    assert 0.2 < n_read / N_FILES < 0.8  # neither all refused nor nothing changed


def test_no_mutated_file_gives_an_ap_below_zero(tmp_path):
    pytest.importorskip("pycocotools")
    from edgepose.evaluation import evaluate

    good = base()
    paths = [path for path in paths_of(good) if len(path) < 4]
    for seed in range(60):
        rng = random.Random(seed)
        path = write(tmp_path, json.dumps(mutated(rng, good, paths)).encode())
        try:
            scores = evaluate(lambda image: [], path, tmp_path)
        except DataError:
            continue
        assert scores.ap == 0 and scores.people > 0, seed
