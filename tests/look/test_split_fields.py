"""Fields outlive the call that gave them, and are copied only where the backend may write to them again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgepose.backends import BackendOptions, gives_away, open_backend
from edgepose.look import Network, split_fields
from edgepose.model import ModelSpec, OutputSpec

SPEC = ModelSpec(name="m", input_hw=(64, 96))
HEATMAPS, PAFS = (
    np.random.default_rng(0).random((2, 57, 8, 12), np.float32)[:, :19],
    np.zeros((2, 38, 8, 12), np.float32),
)


@pytest.mark.parametrize("name", ["openvino", "onnxruntime", "replay"])
def test_fields_stay_what_they_were_after_the_next_inference(tmp_path: Path, name: str) -> None:
    pytest.importorskip("onnx")
    if name != "replay":
        pytest.importorskip(name)
    from networks import EXPORTS, one_person, write_export

    model = write_export(tmp_path / "m.onnx", EXPORTS["human-pose-estimation-0001"], (256, 320), [one_person()])
    network = Network(open_backend(model, BackendOptions(name=name)))
    random = np.random.default_rng(0)
    prepare = network.preparer()
    first = network.infer([prepare(random.integers(0, 256, (256, 320, 3), np.uint8)).tensor])[0]
    was = first.heatmaps.copy(), first.pafs.copy()
    for n in (1, 2, 1):
        network.infer([prepare(np.zeros((256, 320, 3), np.uint8)).tensor] * n)
    assert np.array_equal(first.heatmaps, was[0]) and np.array_equal(first.pafs, was[1])
    network.close()


def test_what_is_given_away_is_not_copied() -> None:
    kept = split_fields(SPEC, [HEATMAPS, PAFS], owned=True)
    copied = split_fields(SPEC, [HEATMAPS, PAFS])
    assert all(np.shares_memory(fields.heatmaps, HEATMAPS) for fields in kept)
    assert not any(np.shares_memory(fields.heatmaps, HEATMAPS) for fields in copied)
    assert all(np.array_equal(a.heatmaps, b.heatmaps) for a, b in zip(kept, copied, strict=True))


def test_what_lies_channels_last_is_brought_in_order_in_either_case() -> None:
    spec = ModelSpec(name="m", input_hw=(64, 96), heatmaps=OutputSpec(name="h", layout="NHWC"))
    heatmaps = np.ascontiguousarray(HEATMAPS.transpose(0, 2, 3, 1))
    for owned in (False, True):
        fields = split_fields(spec, [heatmaps, PAFS], owned=owned)[1]
        assert fields.heatmaps.flags.c_contiguous and np.array_equal(fields.heatmaps, HEATMAPS[1])


def test_a_backend_of_others_that_says_nothing_keeps_its_outputs() -> None:
    class Theirs:
        spec = SPEC

    assert not gives_away(Theirs())  # type: ignore[arg-type]
