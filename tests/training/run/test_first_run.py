"""A stranger's path: a folder of pictures, one command for a configuration, one to train; then resume and export."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("openvino")

from edgepose.cli import main  # noqa: E402
from edgepose.sources import open_source  # noqa: E402
from edgepose.training.run.config import load_config  # noqa: E402
from edgepose.training.weights.start import shipped_starts, start_path  # noqa: E402

pytestmark = pytest.mark.torch
SMALL = ["data.view.crop_px=64", "data.samples_per_epoch=4", "loop.epochs=1", "loop.batch=2", "loop.workers=0",
         "distill.teacher='edgepose-nano'", "distill.heights=[64]", "data.sets.0.picture_px=[64, 64]"]  # fmt: skip


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    scene = open_source("synthetic://?people=2&width=320&height=240&frames=3")
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"mine/{number}.jpg"), scene.read().image)
    return tmp_path


def settings(*more: str) -> list[str]:
    return [word for setting in (*SMALL, *more) for word in ("--set", setting)]


def test_ten_pictures_of_ones_own_train_a_network_in_two_commands(pictures, capsys) -> None:
    assert main(["train", "mine.toml", "--init", "--images", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["configuration"] == "mine.toml"
    assert main(["train", "mine.toml", "--json", *settings()]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["step"], report["images"]) == (2, 4)
    assert Path(report["curves"]).is_file()
    assert main(["train", "mine.toml", "--resume", "--json", *settings("loop.epochs=2")]) == 0
    assert json.loads(capsys.readouterr().out)["step"] == 4
    assert main(["export", "out/mine/last.pt", "-o", "mine.onnx", "--json"]) == 0


def test_the_shape_of_the_network_comes_from_the_weights_it_starts_from(pictures) -> None:
    main(["train", "mine.toml", "--init", "--images", "mine"])
    found = load_config(Path("mine.toml"), ["loop.start='edgepose-nano'"]).network
    content = torch.load(start_path("edgepose-nano"), weights_only=True)
    assert found.widths == tuple(content["network"]["options"]["widths"])


def test_a_template_is_never_written_over_a_file(pictures, capsys) -> None:
    Path("mine.toml").write_text("mine")
    assert main(["train", "mine.toml", "--init"]) == 1
    assert Path("mine.toml").read_text() == "mine"


def test_networks_of_ours_start_by_name_and_a_file_of_that_name_comes_first(pictures) -> None:
    assert "edgepose-lite" in shipped_starts()
    assert start_path("edgepose-lite").parent.name == "recipes"
    Path("edgepose-lite").write_text("a file")
    assert start_path("edgepose-lite") == Path("edgepose-lite")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train"], "--init"),
        (["train", "mine.toml", "--set", "loop.start='edgepose-light'"], "edgepose-lite"),
        (["train", "mine.toml", "--set", "data.sets.0.labels='keypoints'"], "labels = 'teacher'"),
        (["train", "mine.toml", "--set", "data.sets.0.images='none'"], "none"),
    ],
)
def test_what_a_stranger_gets_wrong_is_answered_in_a_sentence(pictures, capsys, words, says) -> None:
    main(["train", "mine.toml", "--init", "--images", "mine"])
    capsys.readouterr()
    assert main(words) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert says in said[-1]


def test_every_key_of_a_run_is_listed(capsys) -> None:
    assert main(["train", "--keys"]) == 0
    listed = capsys.readouterr().out
    assert "`samples_per_epoch`" in listed and "## `[loop]`" in listed


def test_the_reference_page_holds_every_key_as_the_code_says_it(capsys) -> None:
    page = Path(__file__).resolve().parents[3] / "docs/reference/training.md"
    assert main(["train", "--keys"]) == 0
    assert page.read_text(encoding="utf-8").rstrip().endswith(capsys.readouterr().out.rstrip()), (
        f"write it anew: sed -i '/^| key/,$d' {page}; edgepose train --keys >> {page}"
    )
