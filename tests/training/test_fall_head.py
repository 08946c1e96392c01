"""The learned head: what a window holds, which windows are taught as what, and that a file answers as the network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from builders import pose_of, standing, without

torch = pytest.importorskip("torch")

from edgepose.errors import ShapeError  # noqa: E402
from edgepose.events.measure import measure_keypoints  # noqa: E402
from edgepose.skeleton import BODYPOSENET_18, TRT_POSE_18  # noqa: E402
from edgepose.training.fall_head.export import PARITY, export  # noqa: E402
from edgepose.training.fall_head.fit import fit, probabilities  # noqa: E402
from edgepose.training.fall_head.network import MIRROR, FallNetwork, varied  # noqa: E402
from edgepose.training.fall_head.samples import Labelled, Samples, generated, label_at, recorded  # noqa: E402
from edgepose.training.fall_head.sights import CHANNELS, STEPS, Sights  # noqa: E402

pytestmark = pytest.mark.torch
SIZE = (640, 480)
K = 18
NECK_PATH_Y, SPEED_Y, SEEN = 3 * K + 1, 3 * K + 3, 3 * K + 4


def seen(figures: Sequence[np.ndarray], fps: float = 10, sights: Sights | None = None) -> Sights:
    sights = sights or Sights()
    for i, figure in enumerate(figures):
        sights.see(figure, measure_keypoints(figure[None].astype(float))[0], i / fps)
    return sights


def test_a_window_is_in_body_heights_around_the_neck() -> None:
    window = seen([standing((300, 400), 200)] * 30).window(2.9, SIZE)
    assert window.shape == (CHANNELS, STEPS)
    ankle = BODYPOSENET_18.index("l_ankle")
    assert window[[ankle, K + ankle], -1] == pytest.approx((0.08, 0.76), abs=0.03)  # of the height that limbs show
    assert (window[2 * K : 3 * K] == 1).all()


def test_near_and_far_look_alike() -> None:
    near, far = (seen([standing((300, 470), h)] * 30).window(2.9, None) for h in (400, 100))
    np.testing.assert_allclose(near, far, atol=1e-5)


def test_a_descent_shows_as_path_and_speed() -> None:
    falling = [standing((300, 300 + 10 * i), 200) for i in range(21)]  # half a height per second
    window = seen(falling).window(2.0, SIZE)
    height = measure_keypoints(falling[0][None].astype(float))[0].height_px
    assert window[SPEED_Y, 1:] == pytest.approx(0.5 * 100 / height, rel=1e-4)
    assert window[NECK_PATH_Y, 0] == pytest.approx(-190 / height, rel=1e-4)
    assert window[NECK_PATH_Y, -1] == 0


@pytest.mark.parametrize("fps", [5, 30])
def test_the_frame_rate_hardly_shows(fps: int) -> None:
    there = [standing((300, 300 + 100 * i / fps), 200) for i in range(2 * fps + 1)]
    usual = [standing((300, 300 + 10 * i), 200) for i in range(21)]
    np.testing.assert_allclose(seen(there, fps).window(2.0, SIZE), seen(usual).window(2.0, SIZE), atol=0.02)


def test_what_was_not_seen_is_zero_with_its_mask() -> None:
    window = seen([without(standing((300, 400)), "l_knee")] * 30).window(2.9, SIZE)
    knee = BODYPOSENET_18.index("l_knee")
    assert (window[[knee, K + knee, 2 * K + knee]] == 0).all()


def test_somebody_lost_is_not_seen_any_more() -> None:
    window = seen([standing((300, 400))] * 30).window(3.5, SIZE)
    assert window[SEEN, -1] == 0 and (window[: 3 * K, -1] == 0).all()
    assert window[SEEN, 0] == 1


def test_before_somebody_came_there_is_nothing() -> None:
    window = seen([standing((300, 400))] * 3).window(0.2, SIZE)
    assert window[SEEN, :17].sum() == 0 and window[SEEN, 17:].sum() == 3


def test_keypoints_of_another_skeleton_keep_their_places() -> None:
    ours = standing((300, 400))
    theirs = np.stack([ours[BODYPOSENET_18.index(name)] for name in TRT_POSE_18.keypoints])
    sights = Sights(TRT_POSE_18)
    for i in range(20):
        sights.see(theirs, measure_keypoints(theirs[None].astype(float), TRT_POSE_18)[0], i / 10)
    np.testing.assert_allclose(sights.window(1.9, SIZE), seen([ours] * 20).window(1.9, SIZE), atol=1e-5)


def test_keypoints_of_a_foreign_shape_are_refused() -> None:
    body = measure_keypoints(standing()[None].astype(float))[0]
    with pytest.raises(ShapeError, match="18"):
        Sights().see(standing()[:17], body, 0.0)


@pytest.mark.parametrize(
    ("t", "impact_s", "onset_s", "label"),
    [
        (1.0, 3.0, None, 0),
        (2.5, 3.0, None, None),
        (3.5, 3.0, None, 1),
        (6.0, 3.0, None, None),
        (1.0, None, 2.0, 0),
        (2.5, None, 2.0, None),
        (3.5, None, 2.0, 1),
        (9.0, None, None, None),
    ],
    ids=["long before", "falling", "down", "lying", "before the onset", "after it", "surely down", "nobody knows when"],
)
def test_labels(t: float, impact_s: float | None, onset_s: float | None, label: int | None) -> None:
    assert label_at(t, impact_s=impact_s, onset_s=onset_s) == label


def test_generated_people_teach_falls_and_daily_life_alike_every_time() -> None:
    one, again = (generated(5, 1, 0.2, seed=3) for _ in range(2))
    assert set(one.fallen) == {0.0, 1.0} and len(one.windows) == len(one.fallen) == len(one.weight)
    np.testing.assert_array_equal(one.windows, again.windows)


def test_a_recording_without_a_fall_teaches_only_quiet() -> None:
    frames = [([pose_of(standing((300, 400)))], i / 10) for i in range(20)]
    samples = recorded([Labelled(frames, SIZE, is_fall=False)], 2.0)
    assert len(samples.windows) > 10 and not samples.fallen.any() and (samples.weight == 2).all()


def test_a_mirrored_mirror_is_the_person() -> None:
    assert (MIRROR[MIRROR] == np.arange(K)).all() and (np.arange(K) != MIRROR).sum() == 16


def test_variations_keep_unseen_keypoints_at_zero() -> None:
    windows = np.stack([seen([without(standing((300, 400)), "nose")] * 30).window(2.9, SIZE)] * 50)
    found = varied(windows, np.random.default_rng(0))
    absent = found[:, 2 * K : 3 * K] == 0
    assert absent[:, 0].all() and (found[:, :K][absent] == 0).all() and (found[:, K : 2 * K][absent] == 0).all()


def learnable(n: int = 512) -> Samples:
    r = np.random.default_rng(0)
    fallen = (r.random(n) < 0.5).astype(np.float32)
    windows = r.normal(0, 0.1, (n, CHANNELS, STEPS)).astype(np.float32)
    windows[:, NECK_PATH_Y] -= 0.6 * fallen[:, None]
    return Samples(windows, fallen, np.ones(n, np.float32))


def test_it_learns_and_says_the_same_for_the_same_seed() -> None:
    samples = learnable()
    one, again = (probabilities(fit(samples, seed=1, epochs=8), samples.windows) for _ in range(2))
    assert ((one > 0.5) == (samples.fallen > 0.5)).mean() > 0.95
    np.testing.assert_array_equal(one, again)


def test_the_file_answers_as_the_network_and_is_small(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    path = tmp_path / "head.onnx"
    torch.manual_seed(0)
    assert export(FallNetwork().eval(), path) <= PARITY
    assert path.stat().st_size < 1_000_000
    assert onnx.load(str(path)).opset_import[0].version <= 17
