"""Pictures are read and fitted once, and every step sees what inference would."""

from __future__ import annotations

import collections
import errno
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from small_network import SPEC, write_small
from test_pictures import scene, silent, write

from edgepose.backends import BackendOptions, open_backend
from edgepose.engine.int8.calibration_set import CalibrationSet, FittedPictures, fitted_once
from edgepose.engine.int8.job import CalibrationRequest, calibrate
from edgepose.engine.int8.options import GateOptions, PictureOptions
from edgepose.engine.int8.runs import opened
from edgepose.errors import FileError
from edgepose.look.preprocess import Preprocessor
from edgepose.pictures import read_image

SIZES_WH = ((96, 64), (200, 100), (40, 300), (SPEC.input_hw[1], SPEC.input_hw[0]))


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    found = []
    for k, size_wh in enumerate(SIZES_WH):
        path = tmp_path / f"{k}.png"
        cv2.imwrite(str(path), np.random.default_rng(k).integers(0, 256, (size_wh[1], size_wh[0], 3), np.uint8))
        found.append(path)
    return found


@pytest.fixture
def samples(paths: list[Path], tmp_path: Path) -> Any:
    with fitted_once(paths, tmp_path, SPEC, SPEC.input_hw) as fitted:
        yield fitted


def test_inputs_are_those_of_inference_to_the_bit(paths: list[Path], samples: CalibrationSet) -> None:
    for path, tensor in zip(paths, samples.tensors(), strict=True):
        wanted, _ = Preprocessor(SPEC, SPEC.input_hw).prepare(read_image(path))
        np.testing.assert_array_equal(tensor, wanted)


def test_people_of_a_fitted_picture_are_in_pixels_of_the_file(
    paths: list[Path], samples: CalibrationSet, tmp_path: Path
) -> None:
    with opened(open_backend(write_small(tmp_path), BackendOptions(), SPEC), SPEC.input_hw) as sight:
        for path, image, letterbox in zip(paths, samples.images, samples.letterboxes, strict=True):
            a, b = sight.see(read_image(path)), sight.see(image, letterbox=letterbox)
            np.testing.assert_array_equal(a.fields.heatmaps, b.fields.heatmaps)
            assert len(a.poses) == len(b.poses)
            for one, other in zip(a.poses, b.poses, strict=True):
                np.testing.assert_array_equal(one.keypoints, other.keypoints)


def test_parts_are_the_same_pictures_in_order(samples: CalibrationSet) -> None:
    names = [picture.path.stem for picture in samples.pictures]
    assert names == ["0", "1", "2", "3"]
    assert [p.path.stem for p in samples.part([2, 0]).pictures] == ["2", "0"]
    assert [p.path.stem for p in samples.first(2).pictures] == ["0", "1"]
    assert [p.path.stem for p in samples.after(3).pictures] == ["3"]
    assert [p.path.stem for p in samples.spread(2).pictures] == ["0", "3"]
    (tensor,) = samples.part([2]).tensors()
    np.testing.assert_array_equal(tensor, list(samples.tensors())[2])


def test_a_run_decodes_every_picture_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    write(pictures, [scene(k) for k in range(14)])
    write_small(tmp_path)
    decoded: collections.Counter[bytes] = collections.Counter()
    decode = cv2.imdecode

    def counted(data: Any, flags: int) -> Any:
        decoded[bytes(data)] += 1
        return decode(data, flags)

    monkeypatch.setattr(cv2, "imdecode", counted)
    request = CalibrationRequest(
        model=str(tmp_path / "small.onnx"),
        images=str(pictures),
        output=str(tmp_path / "out" / "int8"),
        pictures=PictureOptions(min_pictures=8, min_with_people=0.0),
        gate=GateOptions(min_people=1, min_agreement=0.0, max_extra_people=99.0, min_cosine=0.0),
        photos=False,
        accept=True,
    )
    calibrate(request, silent)
    assert len(decoded) == 14
    assert set(decoded.values()) == {1}
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [
        ".cache",
        ".html",
        ".json",
        ".json",
        ".onnx",
    ]


def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path) -> None:
    class Full:
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None: ...

    with FittedPictures(tmp_path, SPEC, SPEC.input_hw) as fitted:
        fitted._file = Full()  # type: ignore[assignment]
        with pytest.raises(FileError, match=r"no space left on device.*another place"):
            fitted.add("a", np.zeros((10, 10, 3), np.uint8))


def test_a_place_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="prepared pictures"):
        FittedPictures(tmp_path / "file" / "below", SPEC, SPEC.input_hw)
