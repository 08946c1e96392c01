"""One key of a recipe changed on the command line."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

pytest.importorskip("torch")

from edgepose.errors import ConfigError
from edgepose.training.run.config import load_config

pytestmark = pytest.mark.torch


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "run.toml"
    path.write_text(
        '[optimiser]\nrate = 1e-3\n[[data.sets]]\nannotations = "a.json"\n[[data.sets]]\nannotations = "b.json"\n'
    )
    return path


def test_settings_change_what_they_name_and_nothing_else(recipe: Path) -> None:
    settings = ("optimiser.rate=2e-4", "data.sets.1.weight=3.0", "loop.out='elsewhere'", "data.view.crop_px=224")
    options = load_config(recipe, settings)
    assert options.optimiser.rate == 2e-4
    assert [one.weight for one in options.data.sets] == [1.0, 3.0]
    assert [one.annotations for one in options.data.sets] == ["a.json", "b.json"]
    assert options.loop.out == "elsewhere"
    assert options.data.view.crop_px == 224
    assert load_config(recipe).optimiser.rate == 1e-3


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("optimiser.rate", "no table.key=value"),
        ("optimiser.rate=fast", "no table.key=value"),
        ("optimiser.ratte=1.0", "did you mean 'optimiser.rate'"),
        ("optimiser.rate=-1.0", "optimiser.rate"),
        ("data.sets.7.weight=1.0", "'7' is not there"),
        ("optimiser.rate.of=1.0", "'of' is not there"),
    ],
)
def test_a_wrong_setting_gets_a_sentence(recipe: Path, setting: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        load_config(recipe, (setting,))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("network.skeleton='hand.toml'", "bodyposenet_18 or trt_pose_18"),
        ("network.skeleton='coco_17'", "bodyposenet_18 or trt_pose_18"),
        ("network.backbone='resnet'", "network.backbone: 'resnet' is none of its words; there are light, vgg"),
        ("optimiser.kind='adam'", "did you mean 'adamw'?"),
        ("data.sets.0.labels='teachers'", "did you mean 'teacher'?"),
    ],
)
def test_a_word_that_a_key_cannot_have_is_answered_with_those_it_can(tmp_path, setting: str, words: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[[data.sets]]\nimages = "pictures"\nlabels = "teacher"\n')
    with pytest.raises(ConfigError) as found:
        load_config(path, [setting])
    assert words in str(found.value)


def test_the_specification_on_the_page_for_users_of_tao_is_one_of_ours(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/guides/from-tao.md").read_text(encoding="utf-8")
    path = tmp_path / "from-tao.toml"
    path.write_text(textwrap.dedent(page.partition("written for EdgePose:\n")[2].partition("\nEach key")[0]))
    options = load_config(path)
    assert (options.network.n_refinements, options.data.view.tilt_deg, options.loop.seed) == (2, 40, 42)
    assert options.data.light == type(options.data.light)(colour=0, grey=0, low_light=0, blur=0, jpeg=0, occluder=0)
