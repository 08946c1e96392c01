"""What hands reach for wrongly is answered in one sentence that holds the right thing to write."""

from __future__ import annotations

import numpy as np
import pytest

import edgepose
from edgepose.backends import BackendInfo
from edgepose.cli import main
from edgepose.errors import ConfigError, DataError, EdgePoseError, ModelError, ShapeError
from edgepose.events.activity import ActivityRule
from edgepose.events.gesture import GestureRule
from edgepose.events.posture import PostureRule
from edgepose.look.estimator import PoseEstimator

POINTS = np.full((18, 3), 100, np.float32)
POSE = edgepose.Pose(POINTS, 1.0)
PICTURE = np.zeros((48, 64, 3), np.uint8)
MAPS = np.zeros((38, 6, 8), np.float32)
SHARES = np.full((17, 3), 0.5)
RESULT = edgepose.FrameResult("hall", 0, 0.0, (64, 48))


class Silent:
    """A network that finds nobody."""

    spec = edgepose.ModelSpec(name="silent", input_hw=(64, 64))
    info = BackendInfo(name="silent", version="", device="", precision="")

    def infer(self, batch):
        return [MAPS[None, :19], MAPS[None]]

    def close(self) -> None: ...


def analyser() -> edgepose.Analyser:
    return edgepose.Analyser(rules=["fall"], network=False)


WRONG = {
    "a fall detector given an array": (lambda: edgepose.FallDetector().update(POINTS, 0.0), ShapeError, "convert("),
    "a fall detector given arrays": (lambda: edgepose.FallDetector().update([POINTS], 0.0), ShapeError, "convert("),
    "a fall detector given one pose": (lambda: edgepose.FallDetector().update(POSE, 0.0), ShapeError, "write [it]"),
    "a fall detector given None": (lambda: edgepose.FallDetector().update(None, 0.0), ShapeError, "write []"),
    "a fall detector without a time": (lambda: edgepose.FallDetector().update([], None), ShapeError, "monotonic"),
    "a fall detector's options as a dict": (lambda: edgepose.FallDetector({"confirm_s": 1.0}), ConfigError, "(**"),
    "a fall detector's size in place of options": (lambda: edgepose.FallDetector((64, 48)), ConfigError, "size_wh="),
    "a size that is an array's shape": (lambda: edgepose.FallDetector(size_wh=(48, 64, 3)), ShapeError, "shape[1]"),
    "a gesture detector's options as a dict": (lambda: GestureRule({}), ConfigError, "(**"),
    "a tracker given arrays": (lambda: edgepose.Tracker().update([POINTS], 0.0), ShapeError, "convert("),
    "a tracker given words for a time": (lambda: edgepose.Tracker().update([POSE], "1"), ShapeError, "monotonic"),
    "COCO's 17 keypoints in a pose": (
        lambda: edgepose.FallDetector().update([edgepose.Pose(POINTS[:17], 1.0)], 0.0), ShapeError, "convert("),
    "a keypoint of a pose of lists": (lambda: edgepose.Pose([[1, 2, 3]] * 18, 1.0)["nose"], ShapeError, "a list"),
    "a dict of 17 keypoints": (lambda: edgepose.Pose(POINTS[:17], 1.0).as_dict(), ShapeError, '"coco17")'),
    "a stride in words": (lambda: edgepose.group(MAPS[:19], MAPS, heatmap_stride="8"), ShapeError, "number of pixels"),
    "a stride beyond any number": (
        lambda: edgepose.group(MAPS[:19], MAPS, paf_stride=10**400), ShapeError, "pixels per cell, got an int"),
    "a skeleton by its name": (
        lambda: edgepose.group(MAPS[:19], MAPS, skeleton="trt_pose_18"), ConfigError, "edgepose.TRT_POSE_18"),
    "a tracker's skeleton in words": (lambda: edgepose.Tracker(skeleton="body"), ConfigError, "edgepose.Skeleton"),
    "a fall detector's skeleton as None": (
        lambda: edgepose.FallDetector(skeleton=None), ConfigError, "edgepose.BODYPOSENET_18"),
    "a pose whose skeleton is a name": (
        lambda: edgepose.Pose(POINTS, 1.0, "coco_17")["nose"], ConfigError, "edgepose.COCO_17"),
    "a skeleton of one word": (lambda: edgepose.Skeleton("a", "nose", (), (), (1.0,)), ConfigError, '("nose", "neck")'),
    "a skeleton's limbs in words": (
        lambda: edgepose.Skeleton("a", ("nose",), ("nose",), ((0, 1),), (1.0,)), ConfigError, "((0, 1), (1, 2))"),
    "grouping options as a dict": (
        lambda: edgepose.group(MAPS[:19], MAPS, options={"min_score": 0.2}), ConfigError, "GroupOptions(**options)"),
    "a configuration's key misspelt": (lambda: edgepose.Config(rule=["fall"]), ConfigError, "did you mean 'rules'?"),
    "a contract's key that there is not": (lambda: edgepose.ModelSpec(name="a", xyz=1), ConfigError, "input_hw"),
    "a contract without a name": (lambda: edgepose.ModelSpec(), ConfigError, "needs name"),
    "a layout as a list": (lambda: edgepose.convert(SHARES, ["coco17"]), ShapeError, "there are coco17"),
    "an order as an array": (lambda: edgepose.convert(SHARES, "coco17", order=POINTS), ShapeError, "'xy' or 'yx'"),
    "a pose for a size": (lambda: edgepose.convert(SHARES, "coco17", size_wh=POSE), ShapeError, "(width, height)"),
    "labels in a list": (lambda: edgepose.draw(PICTURE, [POSE], labels=["lying"]), ShapeError, "{3: 'lying'}"),
    "a backend that is a number": (lambda: PoseEstimator(backend=5), ConfigError, "BackendOptions(...)"),
    "an estimator's options in words": (lambda: PoseEstimator(options="x"), ConfigError, "GroupOptions"),
    "a pipeline's model that is a number": (
        lambda: edgepose.Pipeline(source="synthetic://?frames=1", model=5), ModelError, "edgepose-lite"),
    "a source that is a pose": (lambda: edgepose.Pipeline(source=POSE, model=Silent()), ConfigError, "a file"),
    "a publisher that is a number": (
        lambda: edgepose.Pipeline(source="synthetic://", model=Silent(), publishers=5), ConfigError, "list of names"),
    "a configuration that is a number": (lambda: edgepose.Analyser(5, network=False), ConfigError, "TOML"),
    "one rule that is none": (lambda: edgepose.Analyser(rules=[5], network=False), ConfigError, "'fall'"),
    "a result of no tracks but words": (
        lambda: edgepose.FrameResult("hall", 0, 0.0, (64, 48), ("me",)).to_json(), DataError, "edgepose.Track"),
    "a second beyond any clock": (lambda: edgepose.Tracker().update([], 10**400), ShapeError, "monotonic"),
    "an analyser given arrays": (
        lambda: analyser().update(t=0.0, poses=[POINTS], size_wh=(64, 48)), ShapeError, "convert("),
    "an analyser given words for a time": (lambda: analyser().update(PICTURE, "1", poses=[]), ShapeError, "monotonic"),
    "rules as one word": (lambda: edgepose.Analyser(rules="fall", network=False), ConfigError, "rules=['fall']"),
    "a configuration as a dict": (lambda: edgepose.Analyser({"rules": []}, network=False), ConfigError, "convert("),
    "a drawing on nothing": (lambda: edgepose.draw(None, []), ShapeError, "imread"),
    "a drawing on floats": (lambda: edgepose.draw(PICTURE / 255, []), ShapeError, "* 255"),
    "a drawing of one pose": (lambda: edgepose.draw(PICTURE, POSE), ShapeError, "write [it]"),
    "a size in words": (lambda: edgepose.convert(SHARES, "coco17", size_wh="64x48"), ShapeError, "(width, height)"),
    "a height in words": (lambda: PoseEstimator(height="256"), EdgePoseError, "1 to"),
    "a model that is a number": (lambda: PoseEstimator(5), EdgePoseError, "edgepose-lite"),
    "a record as a dict": (lambda: edgepose.FrameResult.from_json(RESULT.to_dict()), DataError, "to_json"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_argument_is_answered_with_the_right_one(case: str) -> None:
    call, error, words = WRONG[case]
    with pytest.raises(error) as found:
        call()
    message = str(found.value)
    assert words in message
    assert "\n" not in message


def test_a_batch_of_one_picture_is_not_taken_for_a_batch_of_its_rows() -> None:
    pytest.importorskip("openvino")
    with PoseEstimator(height=64) as estimator:
        for wrong in (PICTURE, None, "picture.jpg"):
            with pytest.raises(ShapeError, match="batch\\(\\[picture\\]\\)"):
                estimator.batch(wrong)
        assert estimator.batch([PICTURE]) == estimator.batch(PICTURE[None]) == [[]]


def test_a_grey_picture_is_drawn_on_in_colour() -> None:
    assert edgepose.draw(PICTURE[..., 0], [POSE]).shape == PICTURE.shape


def test_a_name_that_is_nearly_public_is_answered_with_the_public_one() -> None:
    with pytest.raises(AttributeError, match="did you mean 'PoseEstimator'"):
        edgepose.PoseEstimater  # noqa: B018


@pytest.mark.parametrize(("flag", "ours"), [("--device", "--compute"), ("--threshold", "--min-score")])
def test_a_flag_as_other_programs_call_it_is_answered_with_ours(flag: str, ours: str, capsys) -> None:
    assert main(["run", "people.mp4", flag, "0.5"]) == 2
    assert f"did you mean {ours}?" in capsys.readouterr().err


@pytest.mark.parametrize("rule", [edgepose.FallDetector, PostureRule, GestureRule, ActivityRule])
def test_a_rule_refuses_keypoints_without_shoulders_and_hips(rule) -> None:
    hand = edgepose.Skeleton("hand", ("wrist", "thumb", "index"), ((0, 1), (0, 2)), ((0, 1), (2, 3)), (0.05,) * 3)
    with pytest.raises(ConfigError, match="'hand' lacks shoulders and hips"):
        rule(skeleton=hand)
