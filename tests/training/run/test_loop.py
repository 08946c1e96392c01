"""Runs resume exactly, stop on bad numbers, and several processes learn what one does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")

from edgepose.errors import ConfigError, DataError, ModelError  # noqa: E402
from edgepose.skeleton import COCO_17  # noqa: E402
from edgepose.training.run.config import load_config  # noqa: E402
from edgepose.training.run.loop import InterruptedTrainingError, Training  # noqa: E402
from edgepose.training.run.options import TrainOptions  # noqa: E402
from edgepose.training.weights import checkpoint  # noqa: E402

pytestmark = pytest.mark.torch

STICK = [[0, -60], [-4, -64], [4, -64], [-9, -61], [9, -61], [-18, -40], [18, -40], [-22, -15], [22, -15], [-24, 8],
         [24, 8], [-11, 10], [11, 10], [-12, 40], [12, 40], [-12, 70], [12, 70]]  # fmt: skip


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A COCO file of four pictures, one drawn person in each."""
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for i in range(4):
        picture = rng.integers(0, 255, (160, 160, 3), np.uint8)
        points = np.asarray(STICK) + 80
        for x, y in points:
            cv2.circle(picture, (int(x), int(y)), 4, (255, 255, 255), -1)
        cv2.imwrite(str(tmp_path / f"{i}.png"), picture)
        images.append({"id": i, "file_name": f"{i}.png", "width": 160, "height": 160})
        keypoints = [float(v) for x, y in points for v in (x, y, 2)]
        annotations.append(
            {"id": i, "image_id": i, "category_id": 1, "bbox": [50, 10, 60, 145], "area": 8000, "iscrowd": 0}
            | {"keypoints": keypoints, "num_keypoints": 17}
        )
    categories = [{"id": 1, "name": "person", "keypoints": list(COCO_17.keypoints)}]
    path = tmp_path / "people.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


def options(people: Path, out: str, *, norm: bool = False, **loop: object) -> TrainOptions:
    return msgspec.convert(
        {
            "network": {"backbone": "light", "refinement": "light", "n_refinements": 1, "width": 0.25}
            | {"refinement_inner": 16, "norm": norm},
            "data": {
                "sets": [{"annotations": str(people), "images": str(people.parent)}],
                "samples_per_epoch": 8,
                "view": {"crop_px": 64},
            },
            "optimiser": {"kind": "adamw", "rate": 1e-3},
            "loop": {"out": str(people.parent / out), "epochs": 2, "batch": 2, "workers": 0, "bf16": False} | loop,
        },
        TrainOptions,
    )


def weights(path: Path) -> torch.Tensor:
    return torch.cat([tensor.flatten() for tensor in checkpoint.load(path)["model"].values()])


@pytest.mark.parametrize("norm", [False, True], ids=["plain", "with norms"])
def test_a_run_that_was_stopped_and_resumed_ends_where_an_unbroken_one_does(
    people: Path, norm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    Training(options(people, "whole", norm=norm)).run()
    broken = Training(options(people, "broken", norm=norm))
    learn = broken.learn

    def learn_then_stop(batch: object) -> object:
        result = learn(batch)
        if broken.step == 3:  # in the middle of the first epoch
            broken.stop()
        return result

    monkeypatch.setattr(broken, "learn", learn_then_stop)
    with pytest.raises(InterruptedTrainingError, match="step 3"):
        broken.run()
    Training(options(people, "broken", norm=norm), resume=True).run()
    assert torch.equal(weights(people.parent / "whole/last.pt"), weights(people.parent / "broken/last.pt"))


def test_an_interrupt_within_a_step_goes_on_from_the_last_checkpoint_exactly(people: Path) -> None:
    """With batch norm the forward pass has moved running means when the backward pass is broken off."""
    Training(options(people, "whole", norm=True)).run()
    broken = Training(options(people, "broken", norm=True, checkpoint_s=1e-9))
    weight = next(broken.network.parameters())

    def interrupt(gradient: torch.Tensor) -> torch.Tensor:
        if broken.step == 2:
            raise KeyboardInterrupt
        return gradient

    weight.register_hook(interrupt)
    with pytest.raises(InterruptedTrainingError, match="last checkpoint"):
        broken.run()
    Training(options(people, "broken", norm=True), resume=True).run()
    assert torch.equal(weights(people.parent / "whole/last.pt"), weights(people.parent / "broken/last.pt"))


def test_no_signal_handler_is_installed(people: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    seen: list[object] = []
    training = Training(options(people, "signals", epochs=1))
    training._validate = lambda *_: seen.extend(map(signal.getsignal, (signal.SIGINT, signal.SIGTERM)))  # type: ignore[method-assign]
    training.run()
    assert seen == before


def changed(people: Path, out: str, section: str, **values: object) -> TrainOptions:
    """The options of a run with some of one section changed."""
    other = msgspec.to_builtins(options(people, out, epochs=4))
    other[section] |= values
    return msgspec.convert(other, TrainOptions)


def test_resuming_takes_decay_and_rates_from_the_configuration(people: Path) -> None:
    Training(options(people, "run", epochs=1)).run()
    resumed = Training(
        changed(people, "run", "optimiser", decay=0.25, initial=3.0, backbone=0.5, bias=1.0), resume=True
    )
    groups = {(group["multiplier"], group["weight_decay"]) for group in resumed.optimiser.param_groups}
    assert {decay for _, decay in groups} == {0.25, 0.0}
    moments = [resumed.optimiser.state[parameter]["exp_avg"] for parameter in resumed.network.parameters()]
    kept = torch.load(people.parent / "run/last.pt", weights_only=True)["optimiser"]
    by_name = dict(zip(kept["names"], (kept["state"][n]["exp_avg"] for n in range(len(kept["names"]))), strict=True))
    for (name, _), moment in zip(resumed.network.named_parameters(), moments, strict=True):
        assert torch.equal(moment, by_name[name]), name


@pytest.mark.parametrize(
    ("section", "values", "says"),
    [
        ("optimiser", {"kind": "sgd"}, "set optimiser.kind"),
        ("optimiser", {"frozen_layers": 2}, "frozen layers"),
        ("loop", {"epochs": 1}, "raise loop.epochs"),
    ],
)
def test_resuming_what_cannot_go_on_is_refused_in_a_sentence(people, section, values, says) -> None:
    Training(options(people, "run", epochs=1)).run()
    before = (people.parent / "run/last.pt").read_bytes()
    for _ in range(2):  # the folder is let go each time
        with pytest.raises(ModelError, match=says) as refused:
            Training(changed(people, "run", section, **values), resume=True)
    assert "\n" not in str(refused.value)
    assert (people.parent / "run/last.pt").read_bytes() == before


def test_another_batch_keeps_the_epoch(people: Path) -> None:
    Training(options(people, "run", epochs=1)).run()  # 4 steps of 2
    resumed = Training(changed(people, "run", "loop", batch=4, epochs=3), resume=True)
    assert resumed.step == 2
    report = resumed.run()
    assert (report["images"], report["epochs"]) == (16, 3)


def test_a_folder_with_a_run_is_not_written_over(people: Path) -> None:
    Training(options(people, "run", epochs=1)).run()
    before = (people.parent / "run/last.pt").read_bytes()
    with pytest.raises(ModelError, match="--resume"):
        Training(options(people, "run", epochs=1))
    assert (people.parent / "run/last.pt").read_bytes() == before


def test_two_runs_in_one_folder_are_refused(people: Path) -> None:
    first = Training(options(people, "run"))
    with pytest.raises(ModelError, match="another run"):
        Training(options(people, "run"))
    first.run()


def test_the_run_is_drawn_beside_its_log(people: Path) -> None:
    report = Training(options(people, "run", log_steps=1)).run()
    drawn = Path(report["curves"]).read_text()
    assert drawn.startswith("<svg")
    assert drawn.count("<polyline") == 2


def test_the_loss_falls_on_one_picture(people: Path) -> None:
    training = Training(options(people, "falls", epochs=30, ema_decay=0.5))
    training.dataset.start_epoch(0)
    batch = next(iter(torch.utils.data.DataLoader(training.dataset, 2)))
    losses = [sum(training.learn(batch)[0]) for _ in range(15)]
    assert losses[-1] < 0.9 * losses[0]


def test_a_loss_that_is_no_number_stops_the_run(people: Path) -> None:
    training = Training(options(people, "nan"))
    batch = next(iter(torch.utils.data.DataLoader(training.dataset, 2)))
    with pytest.raises(ModelError, match=r"lower optimiser\.rate"):
        training.learn(batch._replace(pafs=batch.pafs * float("nan")))


def test_a_gradient_that_is_not_finite_stops_the_run_before_it_spoils_the_weights(people: Path) -> None:
    training = Training(options(people, "inf"))
    batch = next(iter(torch.utils.data.DataLoader(training.dataset, 2)))
    weight = next(training.network.parameters())
    weight.register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(ModelError, match=r"gradients is (inf|nan) at step 0"):
        training.learn(batch)
    assert all(torch.isfinite(tensor).all() for tensor in training.network.parameters())


def test_resuming_with_another_network_is_refused(people: Path) -> None:
    Training(options(people, "run", epochs=1)).run()
    other = msgspec.to_builtins(options(people, "run"))
    other["network"]["n_refinements"] = 2
    with pytest.raises(ModelError, match="another network"):
        Training(msgspec.convert(other, TrainOptions), resume=True)


def test_a_full_disk_keeps_the_last_checkpoint(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(options(people, "disk", epochs=1))
    training.save("last.pt")
    before = (people.parent / "disk/last.pt").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(ModelError, match="the last checkpoint is kept"):
        training.save("last.pt")
    assert (people.parent / "disk/last.pt").read_bytes() == before


def test_missing_pictures_are_counted(people: Path) -> None:
    (people.parent / "2.png").unlink()
    with pytest.raises(DataError, match="1 of 4 pictures"):
        Training(options(people, "missing"))


def test_blends_without_features_are_refused(people: Path) -> None:
    with_blends = msgspec.to_builtins(options(people, "run")) | {"distill": {"blends": 0.5}}
    with pytest.raises(ConfigError, match=r"give distill\.features a weight"):
        Training(msgspec.convert(with_blends, TrainOptions))


def test_annotations_without_keypoints_are_refused(people: Path) -> None:
    content = json.loads(people.read_text())
    for annotation in content["annotations"]:
        del annotation["keypoints"]
    people.write_text(json.dumps(content))
    with pytest.raises(DataError, match="no keypoints"):
        Training(options(people, "none"))


def test_a_validation_set_that_gives_no_ap_is_refused_before_the_first_step(people: Path) -> None:
    content = json.loads(people.read_text())
    for annotation in content["annotations"]:
        annotation["keypoints"] = [0] * 51
    nobody = people.with_name("nobody.json")
    nobody.write_text(json.dumps(content))
    judged = msgspec.to_builtins(options(people, "judged"))
    judged["validation"] = {"annotations": str(nobody), "images": str(people.parent)}
    with pytest.raises(DataError, match="have no keypoints"):
        Training(msgspec.convert(judged, TrainOptions))


def test_mixed_categories_are_refused(people: Path) -> None:
    content = json.loads(people.read_text())
    content["annotations"][1]["category_id"] = 17
    people.write_text(json.dumps(content))
    with pytest.raises(DataError, match="mixes categories"):
        Training(options(people, "mixed"))


def test_the_log_has_a_line_for_each_interval(people: Path) -> None:
    report = Training(options(people, "log", log_steps=2)).run()
    lines = (people.parent / "log/log.csv").read_text().splitlines()
    assert len(lines) == 1 + 4 and lines[0].startswith("step,epoch,loss")
    assert report["step"] == 8 and report["epochs"] == 2


def test_recipes_are_valid_configurations() -> None:
    recipes = sorted((Path(__file__).parents[3] / "edgepose/training/recipes").glob("*.toml"))
    assert recipes
    for recipe in recipes:
        load_config(recipe)


def test_an_unknown_key_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("[loop]\nepocs = 3\n")
    with pytest.raises(ConfigError, match=r"did you mean 'loop\.epochs'"):
        load_config(tmp_path / "run.toml")


SCRIPT = """
import json, sys, msgspec
from edgepose.training.run.distributed import Processes
from edgepose.training.run.loop import Training
from edgepose.training.run.options import TrainOptions
processes = Processes.from_environment()
training = Training(msgspec.json.decode(sys.argv[1], type=TrainOptions), processes=processes)
training.run()
processes.leave()
"""


@pytest.mark.slow
def test_two_processes_learn_what_one_does_with_the_doubled_batch(people: Path) -> None:
    Training(options(people, "one", batch=4, threads=1)).run()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = msgspec.json.encode(options(people, "two", batch=2, threads=1, device="cpu")).decode()
    runs = []
    for rank in range(2):
        places = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
        environment = os.environ | places | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        runs.append(subprocess.Popen([sys.executable, "-c", SCRIPT, arguments], env=environment))
    assert [run.wait(timeout=110) for run in runs] == [0, 0]
    one, two = weights(people.parent / "one/last.pt"), weights(people.parent / "two/last.pt")
    assert torch.allclose(one, two, atol=2e-4)
    assert not torch.equal(two, weights_at_start(people))


def weights_at_start(people: Path) -> torch.Tensor:
    state = Training(options(people, "start")).network.state_dict()
    return torch.cat([tensor.flatten() for tensor in state.values()])
