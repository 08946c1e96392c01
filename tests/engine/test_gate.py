"""Agreement between people and the verdict drawn from it, on people made of numbers."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from edgepose.engine.int8.agreement import Agreement, compare_people, oks
from edgepose.engine.int8.gate import ApLoss, OutputParity, Parity, judge
from edgepose.engine.int8.options import GateOptions
from edgepose.errors import DataError
from edgepose.skeleton import BODYPOSENET_18
from edgepose.types import Pose


def person(x: float, y: float, missing: tuple[int, ...] = ()) -> Pose:
    """Someone 100 px tall whose 18 keypoints lie on a grid."""
    k = np.arange(18)
    keypoints = np.stack([x + 20.0 * (k % 3), y + 20.0 * (k // 3), np.ones(18)], 1).astype(np.float32)
    for index in missing:
        keypoints[index] = (np.nan, np.nan, 0.0)
    return Pose(keypoints, 0.9)


def moved(pose: Pose, dx: float) -> Pose:
    return Pose(pose.keypoints + np.array([dx, 0, 0], np.float32), pose.score)


def test_the_same_people_agree_fully() -> None:
    people = [person(0, 0), person(300, 0)]
    assert compare_people(people, people[::-1], BODYPOSENET_18) == Agreement(oks=2.0, people=2, extra=0)


def test_a_missing_person_counts_zero_and_a_new_one_is_extra() -> None:
    found = compare_people([person(0, 0), person(300, 0)], [person(0, 0), person(900, 0)], BODYPOSENET_18)
    assert (found.mean_oks, found.extra_share) == (0.5, 0.5)


def test_a_keypoint_that_int8_lost_counts_zero() -> None:
    exact, found = person(0, 0), person(0, 0, missing=(4, 7))
    assert oks(exact.keypoints, found.keypoints, BODYPOSENET_18) == pytest.approx(16 / 18)


def test_oks_is_the_formula_of_coco() -> None:
    exact = person(0, 0)
    area = 40.0 * 100.0
    expected = np.mean(np.exp(-(5.0**2) / (2 * area * (2 * np.asarray(BODYPOSENET_18.sigmas)) ** 2)))
    assert oks(exact.keypoints, moved(exact, 5.0).keypoints, BODYPOSENET_18) == pytest.approx(expected, rel=1e-5)


def test_nobody_against_nobody_is_full_agreement() -> None:
    assert compare_people([], [], BODYPOSENET_18).mean_oks == 1.0


GOOD = Parity(
    images=50,
    runtime="openvino",
    outputs={"heatmaps": OutputParity(cosine=0.999, relative_error=0.02)},
    people_before=100,
    people_after=101,
    agreement=0.97,
    extra_share=0.01,
    worst=(),
)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"agreement": 0.9}, "keypoint agreement is 0.900, wanted 0.93"),
        ({"extra_share": 0.05}, "5.0% of the people are seen by INT8 only"),
        ({"people_before": 3}, "a verdict needs 20"),
        ({"outputs": {"pafs": OutputParity(cosine=0.5, relative_error=0.9)}}, "output pafs has cosine 0.5000"),
        (
            {"ap": ApLoss(before=0.4, after=0.38, loss_low=0.01, loss_high=0.03, images=70)},
            "AP falls from 0.400 to 0.380",
        ),
    ],
)
def test_each_limit_refuses_with_its_reason(changes: dict, words: str) -> None:
    verdict = judge(msgspec.structs.replace(GOOD, **changes), GateOptions(), accept=False)
    assert not verdict.passed
    assert not verdict.accepted_anyway
    assert words in verdict.reasons[0]


def test_a_good_model_passes_and_accepting_it_is_nothing_to_record() -> None:
    assert judge(GOOD, GateOptions(), accept=True).passed
    assert not judge(GOOD, GateOptions(), accept=True).accepted_anyway


def test_accepting_a_bad_model_keeps_the_reasons_on_record() -> None:
    verdict = judge(msgspec.structs.replace(GOOD, agreement=0.5), GateOptions(), accept=True)
    assert verdict.accepted_anyway
    assert verdict.reasons


def _nobody(path: Path) -> Path:
    """The same file, where nobody has labelled keypoints."""
    content = msgspec.json.decode(path.read_bytes())
    for record in content["annotations"]:
        record["keypoints"] = [0] * 51
    other = path.with_name("nobody.json")
    other.write_bytes(msgspec.json.encode(content))
    return other


def test_ap_loss_is_zero_with_an_interval_around_it_for_the_same_network(tmp_path: Path) -> None:
    pytest.importorskip("pycocotools")
    import cv2
    from test_pictures import scene

    from edgepose.engine.int8.ap import annotated, ap_loss

    records = []
    for k in range(6):
        cv2.imwrite(str(tmp_path / f"{k}.png"), scene(k))
        keypoints = np.tile([10.0 + k, 20.0, 2.0], 17)
        records.append({"id": k + 1, "image_id": k, "category_id": 1, "area": 900.0, "bbox": [0, 0, 30, 30],
                        "iscrowd": 0, "num_keypoints": 17, "keypoints": keypoints.tolist()})  # fmt: skip
    truth = {
        "images": [{"id": k, "file_name": f"{k}.png"} for k in range(6)],
        "annotations": records,
        "categories": [{"id": 1, "name": "person"}],
    }
    path = tmp_path / "truth.json"
    path.write_bytes(msgspec.json.encode(truth))

    def half_blind(image: np.ndarray) -> list[Pose]:
        k = next(k for k in range(6) if np.array_equal(scene(k), image))
        keypoints = np.tile(np.array([10.0 + k, 20.0, 1.0], np.float32), (18, 1))
        return [Pose(keypoints, 0.9)] if k % 2 else []

    with pytest.raises(DataError, match="have no keypoints"):
        annotated(_nobody(path), tmp_path)
    pictures = annotated(path, tmp_path)
    loss = ap_loss(half_blind, half_blind, pictures, BODYPOSENET_18, lambda things, n, what: things)
    assert loss.before == loss.after
    assert 0.2 < loss.before < 0.8
    assert (loss.loss, loss.loss_low, loss.loss_high) == (0.0, 0.0, 0.0)
