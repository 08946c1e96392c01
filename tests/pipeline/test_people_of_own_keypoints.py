"""People of a keypoint set of one's own through the pipeline: names on the card, tracks, recordings, and falls."""

from __future__ import annotations

import numpy as np
import pytest
from pipeline_fakes import INPUT_HW, SPEC, GreyBackend, NotingPublisher, PicturesSource, picture

import edgepose
from edgepose.decode.render import render_fields
from edgepose.errors import ConfigError
from edgepose.keypoint_set import KeypointSet
from edgepose.skeleton import BODYPOSENET_18
from edgepose.sources.people import Scene, SceneOptions

PUPPET = KeypointSet(
    name="puppet_5",
    keypoints=("head", "chest", "left_hand", "right_hand", "seat"),
    limbs=(("chest", "head"), ("chest", "left_hand"), ("chest", "right_hand"), ("chest", "seat")),
)
POINTS = np.array([(60, 20, 1), (60, 60, 1), (90, 70, 1), (30, 70, 1), (60, 110, 1)], np.float32)
BODY = KeypointSet(
    name="body_7",
    keypoints=("left_ankle", "right_ankle", "left_hip", "right_hip", "left_shoulder", "right_shoulder", "nose"),
    limbs=(
        ("left_hip", "left_ankle"),
        ("right_hip", "right_ankle"),
        ("left_shoulder", "left_hip"),
        ("right_shoulder", "right_hip"),
        ("nose", "left_shoulder"),
        ("nose", "right_shoulder"),
    ),
)


class PuppetBackend(GreyBackend):
    """Sees the same puppet in every picture."""

    def __init__(self, keypoints: KeypointSet = PUPPET) -> None:
        from msgspec.structs import replace

        super().__init__(spec=replace(SPEC, skeleton=keypoints.name, keypoints=keypoints))
        fields = render_fields([POINTS], INPUT_HW, skeleton=PUPPET.skeleton)
        self._heatmaps = np.stack([fields.heatmaps] * 8)
        self._pafs = np.stack([fields.pafs] * 8)


def test_publishers_and_results_have_the_keypoints_of_the_set():
    publisher = NotingPublisher()
    source = PicturesSource([picture(1)] * 4)
    with edgepose.Pipeline(source=source, model=PuppetBackend(), rules=[], publishers=[publisher]) as pipeline:
        results = list(pipeline)
        limbs = pipeline.scene()["limbs"]
    assert publisher.card["keypoints"] == PUPPET.skeleton.keypoints
    assert publisher.card["limbs"] == limbs == PUPPET.skeleton.limbs
    (track,) = results[-1].tracks
    assert track.pose.skeleton == PUPPET.skeleton
    np.testing.assert_allclose(track.pose["left_hand"][:2], POINTS[2, :2], atol=1.5)
    assert results[-1].to_rows()[0]["seat_y"] == pytest.approx(110, abs=1.5)
    again = edgepose.FrameResult.from_json(results[-1].to_json())
    assert again.tracks[0].pose["right_hand"][0] == pytest.approx(30, abs=1.5)
    drawn = edgepose.draw(picture(1), results[-1])
    assert (drawn != picture(1)).any()


def test_the_limbs_of_a_built_in_set_are_those_of_the_poses_that_come_out():
    from msgspec.structs import replace

    backend = GreyBackend(spec=replace(SPEC, skeleton="trt_pose_18"))
    with edgepose.Pipeline(source=PicturesSource([]), model=backend, rules=[], publishers=[]) as pipeline:
        assert pipeline.scene()["limbs"] == BODYPOSENET_18.limbs


@pytest.mark.parametrize("rule", ["fall", "posture", "gesture", "activity"])
def test_a_rule_that_could_see_nothing_is_refused_and_the_network_let_go(rule):
    for make in (
        lambda backend: edgepose.Pipeline(source=PicturesSource([]), model=backend, rules=[rule], publishers=[]),
        lambda backend: edgepose.Analyser(model=backend, rules=[rule]),
    ):
        backend = PuppetBackend()
        with pytest.raises(ConfigError, match="'puppet_5' lacks shoulders and hips"):
            make(backend)
        assert backend.closed


def test_falls_of_a_set_with_shoulders_and_hips_are_detected():
    options = SceneOptions(people=1, size=0.8, fall_s=4.0)
    scene, order = Scene(options), list(BODYPOSENET_18.mapping_to(BODY.skeleton))
    rule = edgepose.FallDetector(size_wh=(options.width, options.height), skeleton=BODY.skeleton)
    tracker = edgepose.Tracker(skeleton=BODY.skeleton)
    stages = []
    for number in range(180):
        t = number / 15
        poses = [edgepose.Pose(pose.keypoints[order], pose.score, BODY.skeleton) for pose in scene.poses(t)]
        stages += [event.stage for event in rule.update(tracker.update(poses, t), t) if hasattr(event, "stage")]
    assert "confirmed" in stages
    with edgepose.Analyser(model=PuppetBackend(BODY), rules=["fall"]):
        pass  # accepted
