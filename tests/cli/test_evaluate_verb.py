"""`evaluate` judges the annotations before anything slow begins; `predict` carries their ids into its results."""

from __future__ import annotations

import pytest
from coco_files import each, spoilt, without, write

from edgepose.cli import main
from edgepose.cli.result_folder import annotated_ids


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (each("annotations", keypoints=[0] * 51), "4 records of people, none with labelled keypoints"),
        (each("images", width=320, height=240), "has 160 x 120 pixels, and"),
        (without("images", "file_name"), "picture 1 of"),
    ],
)
def test_annotations_are_judged_before_a_network_is_loaded(tmp_path, capsys, edit, words):
    path = write(tmp_path, spoilt(edit))
    assert main(["evaluate", "no-such.onnx", "--annotations", str(path), "--images", str(tmp_path)]) == 1
    printed = capsys.readouterr().err
    assert words in printed and "no-such.onnx" not in printed and "Traceback" not in printed


def test_predicted_pictures_carry_the_ids_of_any_writer(tmp_path):
    def edit(data):
        for record in data["images"]:
            record.update(id=f"frame {record['id']}", file_name=f"D:\\set\\{record['file_name']}")
        del data["annotations"]

    ids = annotated_ids(str(write(tmp_path, spoilt(edit))))
    assert {name: key for name, key in ids.items() if name in ("0001.png", "0003.png")} == {
        "0001.png": "frame 1",
        "0003.png": "frame 3",
    }
