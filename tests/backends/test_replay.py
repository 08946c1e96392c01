"""Recorded fields come back picture by picture, and waiting takes the time it is told to."""

from __future__ import annotations

import stat
import time

import numpy as np
import pytest
from builders import fields_of, standing

from edgepose.backends import BackendOptions, open_backend
from edgepose.backends.recording import RecordingBackend, RecordingWriter
from edgepose.errors import ClosedError, DataError, ShapeError
from edgepose.look.preprocess import split_fields
from edgepose.model import ModelSpec, OutputSpec

HW = (64, 96)
SPEC = ModelSpec(name="recorded", input_layout="NHWC", input_hw=HW)
BATCH = np.zeros((1, *HW, 3), np.float32)


@pytest.fixture
def recording(tmp_path):
    """Three pictures, of one person each time further to the right."""
    with RecordingWriter(tmp_path / "clip.npz", SPEC, HW) as writer:
        for x in (20, 40, 60):
            writer.append(fields_of([standing(feet=(x, 60), height=50)], HW))
    return tmp_path / "clip.npz"


def _columns(backend, n=1):
    """Column of the nose's peak in each picture of the next batch."""
    fields = split_fields(backend.spec, backend.infer(np.repeat(BATCH, n, 0)))
    return [int(one.heatmaps[0].max(0).argmax()) for one in fields]


def test_pictures_come_back_in_order_and_start_again(recording):
    backend = open_backend(recording)
    assert [_columns(backend)[0] for _ in range(4)] == [2, 5, 7, 2]


def test_a_batch_takes_as_many_pictures(recording):
    backend = open_backend(recording)
    assert _columns(backend, 2) == [2, 5]
    assert _columns(backend, 2) == [7, 2]


def test_another_input_size_than_recorded_is_refused(recording):
    with pytest.raises(ShapeError, match="pictures of 64x96 only, got 64x128"):
        open_backend(recording).infer(np.zeros((1, 64, 128, 3), np.float32))


def test_a_network_without_recording_answers_with_empty_fields():
    spec = ModelSpec(name="any", heatmaps=OutputSpec(name="h"), pafs=OutputSpec(name="p", stride=2))
    backend = open_backend("any.onnx", BackendOptions(name="replay"), spec)
    (fields,) = split_fields(backend.spec, backend.infer(np.zeros((1, 3, *HW), np.float32)))
    assert (fields.heatmaps.shape, fields.pafs.shape) == ((19, 8, 12), (38, 32, 48))
    assert not fields.pafs.any()


def test_waiting_takes_at_least_the_asked_time(recording):
    backend = open_backend(recording, BackendOptions(name="replay", wait_ms=20))
    started = time.perf_counter()
    backend.infer(BATCH)
    assert time.perf_counter() - started >= 0.020


def test_what_a_backend_says_is_recorded_while_it_runs(recording, tmp_path):
    with_copy = RecordingBackend(open_backend(recording), tmp_path / "copy.npz")
    said = [_columns(with_copy)[0] for _ in range(3)]
    with_copy.close()
    again = open_backend(tmp_path / "copy.npz")
    assert [_columns(again)[0] for _ in range(3)] == said


def test_closing_twice_is_fine_and_using_it_closed_says_so(recording):
    backend = open_backend(recording)
    backend.close()
    backend.close()
    with pytest.raises(ClosedError, match="was closed"):
        backend.infer(BATCH)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04cut"])
def test_a_file_that_is_no_recording_is_told(tmp_path, content):
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(DataError, match="is no recording of fields"):
        open_backend(tmp_path / "bad.npz")


def test_a_recording_of_something_else_is_told(tmp_path):
    np.savez(tmp_path / "other.npz", keypoints=np.zeros(3))
    with pytest.raises(DataError, match="is no recording of fields"):
        open_backend(tmp_path / "other.npz")


def test_a_recording_is_its_owners_follows_no_link_and_appears_whole(tmp_path):
    (tmp_path / "other").write_text("kept")
    (tmp_path / "clip.npz").symlink_to(tmp_path / "other")
    writer = RecordingWriter(tmp_path / "clip.npz", SPEC, HW)
    writer.append(fields_of([standing(feet=(20, 60), height=50)], HW))
    assert (tmp_path / "clip.npz").is_symlink()
    writer.close()
    writer.close()
    assert stat.S_IMODE((tmp_path / "clip.npz").lstat().st_mode) == 0o600
    assert (tmp_path / "other").read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.npz", "other"]


def test_a_recording_whose_maps_are_none_is_one_sentence(recording, tmp_path):
    arrays = dict(np.load(recording))
    np.savez(tmp_path / "odd.npz", **(arrays | {"0.pafs": np.zeros(7)}))
    with pytest.raises(DataError, match=r"picture 0 .* no maps"):
        open_backend(tmp_path / "odd.npz").infer(BATCH)
