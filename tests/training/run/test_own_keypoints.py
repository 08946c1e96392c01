"""A keypoint set of one's own from its file to people: trained on drawn puppets, exported, evaluated and run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("openvino")
pytest.importorskip("pycocotools")

from puppets import NAMES, SET, draw_puppets  # noqa: E402

from edgepose.cli import main  # noqa: E402
from edgepose.errors import ConfigError  # noqa: E402
from edgepose.model import load_spec  # noqa: E402
from edgepose.training.run.config import load_config, network_lines  # noqa: E402
from edgepose.training.weights import checkpoint  # noqa: E402
from edgepose.training.weights.start import start_path  # noqa: E402

pytestmark = pytest.mark.torch

RUN = """
[network]
keypoints = "puppet.toml"
[[data.sets]]
annotations = "train/people.json"
images = "train"
[data]
samples_per_epoch = 16
[data.view]
crop_px = 64
person_scale = [0.8, 1.0]
any_angle = 0.0
[optimiser]
kind = "adamw"
rate = 2e-3
[loop]
start = "edgepose-nano"
out = "out"
epochs = 1
batch = 2
workers = 0
bf16 = false
ema_decay = 0.5
log_steps = 2
[validation]
annotations = "kept/people.json"
images = "kept"
height = 64
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder in which the set was trained for eight steps and exported as puppet.onnx."""
    folder = tmp_path_factory.mktemp("puppets")
    draw_puppets(folder / "train", 4, seed=0)
    draw_puppets(folder / "kept", 2, seed=1)
    (folder / "puppet.toml").write_text(SET)
    (folder / "run.toml").write_text(RUN)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["train", "run.toml", "--json"]) == 0
        assert main(["export", "out/last.pt", "-o", "puppet.onnx", "--json"]) == 0
    return folder


@pytest.fixture
def inside(trained, monkeypatch) -> Path:
    monkeypatch.chdir(trained)
    return trained


def test_it_learns_the_set_and_keeps_what_the_network_knew(inside):
    with Path("out/log.csv").open(newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file) if row["loss"]]
    assert losses[-1] < 0.8 * losses[0]
    before, after = (checkpoint.load(path)["network"] for path in (start_path("edgepose-nano"), Path("out/last.pt")))
    assert checkpoint.keypoints_of(Path("out/last.pt")).long_names == NAMES
    changed = [name for name, shape in after["shapes"].items() if shape != before["shapes"][name]]
    assert changed and all("head" in name or name.startswith("refinements") for name in changed)


def test_the_sidecar_carries_the_set_and_poses_stay_in_its_order(inside):
    spec = load_spec("puppet.onnx")
    assert spec.skeleton == "puppet_5" and spec.pose_skeleton.long_names == NAMES
    assert main(["model", "check", "puppet.onnx"]) == 0


@pytest.mark.parametrize("model", ["puppet.onnx", "out/last.pt"])
def test_it_is_evaluated_on_its_own_keypoints(inside, capsys, model):
    words = ["evaluate", model, "--annotations", "kept/people.json", "--images", "kept", "--height", "64", "--json"]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["images"], report["people"]) == (2, 2)
    assert 0 <= report["AP"] <= 1


def test_it_predicts_pictures_and_videos_with_the_names_of_the_set(inside, capsys, tmp_path):
    writer = cv2.VideoWriter("clip.avi", cv2.VideoWriter_fourcc(*"MJPG"), 10, (128, 128))
    for _ in range(2):
        writer.write(cv2.imread("kept/1.png"))
    writer.release()
    words = ["predict", "kept", "clip.avi", "--model", "puppet.onnx", "-o", str(tmp_path), "--min-score", "0", "--json"]
    assert main([*words, "--annotations", "kept/people.json", "--frames"]) == 1  # the video is none of its pictures
    capsys.readouterr()
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 4
    assert json.loads((tmp_path / "videos/clip.json").read_text())["keypoints"] == list(NAMES)
    results = json.loads((tmp_path / "coco_results.json").read_text())
    assert all(len(one["keypoints"]) == 15 for one in results)


def test_it_runs_with_rules_of_ones_own_and_refuses_falls_in_a_sentence(inside, capsys, tmp_path):
    (tmp_path / "device.toml").write_text("rules = []\n")
    words = ["run", "--source", "synthetic://?people=1&frames=2&width=160&height=128", "--model", "puppet.onnx"]
    assert main([*words, "--config", str(tmp_path / "device.toml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 2
    assert main(words) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and "'puppet_5' lacks shoulders and hips" in said[0] and "rules = []" in said[0]
    config = 'model = {path = "puppet.onnx"}\n[[sources]]\nuri = "synthetic://?frames=2"\n'
    (tmp_path / "falls.toml").write_text(config)
    assert main(["config", "check", str(tmp_path / "falls.toml")]) == 1
    assert "lacks shoulders and hips" in capsys.readouterr().err


def test_a_run_goes_on_from_a_checkpoint_of_the_set_without_naming_it_again(inside):
    Path("again.toml").write_text(RUN.replace('[network]\nkeypoints = "puppet.toml"\n', "").replace(
        "edgepose-nano", "out/last.pt"))  # fmt: skip
    options = load_config(Path("again.toml")).network
    assert options == load_config(Path("run.toml")).network
    lines = "[network]\n" + "\n".join(network_lines(options))
    Path("recipe.toml").write_text(lines)
    assert load_config(Path("recipe.toml")).network == options


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["network.keypoints='none.toml'"], "cannot read the keypoint set 'none.toml'"),
        (["network.keypoints='run.toml'"], "unknown key"),
        (["network.keypoints={name='puppet_5'}"], "keypoints"),
        (["network.keypoints=5"], "network.keypoints"),
    ],
)
def test_a_set_that_cannot_be_read_is_named(inside, settings, words):
    with pytest.raises(ConfigError, match=words):
        load_config(Path("run.toml"), settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["data.sets.0.labels='teacher'", "distill.teacher='edgepose-nano'"], "the teacher draws the keypoints of"),
        (["data.sets.0.annotations='few.json'"], "do not name seat of the keypoint set 'puppet_5'"),
    ],
)
def test_pictures_whose_labels_are_of_other_keypoints_are_refused(inside, capsys, settings, words):
    few = json.loads(Path("train/people.json").read_text())
    few["categories"][0]["keypoints"][4] = "foot"
    Path("few.json").write_text(json.dumps(few))
    flags = [word for setting in (*settings, "loop.out='refused'") for word in ("--set", setting)]
    assert main(["train", "run.toml", *flags]) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert words in said[-1] and len(said) == 1
