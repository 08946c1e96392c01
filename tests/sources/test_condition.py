"""A camera that sees nothing, or looks elsewhere, is noticed; light, people and time of day are neither."""

from __future__ import annotations

import numpy as np
import pytest

from edgepose.sources.condition import Watcher
from edgepose.sources.condition.seeing import verdict
from edgepose.sources.condition.thumbnail import thumbnail
from edgepose.sources.condition.view import View

H, W = 480, 640


def room(seed: int = 0) -> np.ndarray:
    """Furniture: many overlapping boxes of different grey, larger than the picture: float (2 H, 2 W, 3)."""
    rng = np.random.default_rng(seed)
    scene = np.full((2 * H, 2 * W, 3), 120.0)
    for _ in range(160):
        x, y, w, h = rng.integers(0, 2 * W), rng.integers(0, 2 * H), rng.integers(20, 260), rng.integers(20, 260)
        scene[y : y + h, x : x + w] = rng.uniform(20, 220, 3)
    return scene


def shot(scene: np.ndarray, x: int = W // 2, y: int = H // 2, gain: float = 1.0, noise: float = 2.0) -> np.ndarray:
    """What a camera that looks at (x, y) of a scene sees."""
    picture = scene[y : y + H, x : x + W] * gain
    noisy = picture + np.random.default_rng(x + y).normal(0, noise, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def defocused(picture: np.ndarray, sigma_px: float) -> np.ndarray:
    """A picture through a lens out of focus: a Gaussian, row by row and column by column."""
    reach = int(3 * sigma_px)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_px) ** 2)
    weights /= weights.sum()
    blurred = picture.astype(np.float64)
    for axis in (0, 1):
        blurred = np.apply_along_axis(
            lambda line: np.convolve(np.pad(line, reach, mode="edge"), weights, "valid"), axis, blurred
        )
    return blurred.astype(np.uint8)


SCENE = room()
LIT = shot(SCENE)
CLOCK = np.zeros((H, W, 3))
CLOCK[10:30, 20:300:4] = 255  # written into the picture by the camera

SEEN = {
    "lit": (LIT, None),
    "dim": (shot(SCENE, gain=0.25), None),
    "infrared at night": (np.repeat(shot(SCENE, gain=0.4, noise=5)[..., :1], 3, axis=2), None),
    "half hidden": (np.concatenate([LIT[:, : W // 2], np.full((H, W // 2, 3), 90, np.uint8)], axis=1), None),
    "dark": (shot(SCENE, gain=0.03), "dark"),
    "dark, with a clock": (np.maximum(shot(SCENE, gain=0.02), CLOCK).astype(np.uint8), "dark"),
    "black": (np.zeros((H, W, 3), np.uint8), "dark"),
    "a hand": (shot(np.full_like(SCENE, 70) + np.linspace(0, 30, 2 * W)[None, :, None]), "covered"),
    "white": (np.full((H, W, 3), 255, np.uint8), "covered"),
    "a cloth, with a clock": (np.maximum(shot(np.full_like(SCENE, 60)), CLOCK).astype(np.uint8), "covered"),
    "out of focus": (defocused(LIT, 6), "blurred"),
    "far out of focus": (defocused(LIT, 12), "blurred"),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_is_wrong_with_a_picture(name):
    picture, expected = SEEN[name]
    assert verdict(thumbnail(picture)) == expected


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (16, 16), (9, 200), (1080, 1920)])
def test_pictures_of_any_size_are_looked_at(size):
    watcher = Watcher(1.0)
    for t in range(100):
        watcher.update(np.full((*size, 3), 128, np.uint8), float(t))
    assert {one.code for one in watcher.troubles} <= {"camera_covered", "camera_blurred", "camera_dark"}


VIEWS = {
    "the same": (LIT, False),
    "dim": (shot(SCENE, gain=0.2), False),
    "lit from one side": ((LIT * np.linspace(0.2, 1.2, W)[None, :, None]).clip(0, 255).astype(np.uint8), False),
    "somebody near": (np.concatenate([np.full((H, W // 3, 3), 40, np.uint8), LIT[:, W // 3 :]], axis=1), False),
    "pushed a little": (shot(SCENE, x=W // 2 + W // 20), True),
    "pushed down": (shot(SCENE, y=H // 2 + H // 6), True),
    "turned away": (shot(room(7)), True),
}


@pytest.mark.parametrize("name", VIEWS)
def test_whether_a_camera_looks_elsewhere(name):
    picture, expected = VIEWS[name]
    view = View()
    view.is_another(thumbnail(LIT))
    assert view.is_another(thumbnail(picture)) is expected


def said(*parts: tuple[np.ndarray, float], **options: bool) -> list[tuple[float, str | None]]:
    """When a watcher says what, for pictures that each last for some seconds at ten a second."""
    watcher, t, found = Watcher(1.0, **options), 0.0, []
    for picture, seconds in parts:
        for _ in range(round(seconds * 10)):
            watcher.update(picture, t)
            code = watcher.troubles[0].code if watcher.troubles else None
            if code != (found[-1][1] if found else None):
                found.append((t, code))
            t += 0.1
    return found


DARK, HAND, AWAY = SEEN["dark"][0], SEEN["a hand"][0], shot(room(7))


def test_it_begins_late_and_ends_soon():
    (began_t, code), (ended_t, well) = said((LIT, 20), (DARK, 60), (LIT, 60))
    assert (code, well) == ("camera_dark", None)
    assert 20 + 30 <= began_t <= 20 + 32 and 80 + 10 <= ended_t <= 80 + 12


@pytest.mark.parametrize("picture", [DARK, HAND, AWAY])
def test_what_lasts_a_few_seconds_is_nothing(picture):
    assert said(*[(LIT, 10), (picture, 20)] * 5, (LIT, 30)) == []


def test_a_flickering_lamp_is_said_once():
    codes = [code for _, code in said((DARK, 40), *[(LIT, 5), (DARK, 5)] * 10, (DARK, 40))]
    assert codes == ["camera_dark"]


def test_a_moved_camera_is_said_until_it_is_turned_back():
    codes = [code for _, code in said((LIT, 10), (AWAY, 60), (DARK, 60), (AWAY, 60), (LIT, 60))]
    assert codes == ["camera_moved", "camera_dark", "camera_moved", None]


def test_after_a_day_the_new_view_is_the_known_one():
    watcher = Watcher(60.0)
    for t in range(0, 3600, 60):
        watcher.update(LIT, float(t))
    for t in range(3600, 3600 + 90_000, 60):
        watcher.update(AWAY, float(t))
        if t == 3600 * 12:
            assert watcher.troubles
    assert not watcher.troubles


def test_a_recording_may_be_cut():
    assert said((LIT, 10), (AWAY, 60), moves=False) == []


def test_after_a_pause_nothing_is_known_but_the_view():
    watcher = Watcher(1.0)
    for t in range(40):
        watcher.update(DARK, float(t))
    assert watcher.troubles
    watcher.pause()
    assert not watcher.troubles
    watcher.update(DARK, 1000.0)
    assert not watcher.troubles


def test_a_clock_that_steps_back_begins_anew():
    watcher = Watcher(1.0)
    for t in [*range(100, 120), *range(20)]:
        watcher.update(DARK, float(t))
    assert not watcher.troubles


def test_it_may_be_switched_off():
    watcher = Watcher(0.0)
    for t in range(100):
        watcher.update(DARK, float(t))
    assert not watcher.troubles
