"""A run without an engine has one built elsewhere, takes it when it is there, and the health tells all of it."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_gpu_by_default import Jetson, flip

from edgepose import Pipeline
from edgepose.cli import main
from edgepose.config import Config, parse_config
from edgepose.device import building, engine_keeper
from edgepose.device.building import build_state, models_folder
from edgepose.device.engine_keeper import EngineKeeper
from edgepose.engine.tensorrt.plan import build_planned


class Noting:
    """A publisher that keeps what the health and the card say."""

    def __init__(self) -> None:
        self.said: list[tuple[str, ...]] = []
        self.cards: list[Any] = []
        self.ids: set[int] = set()

    def open(self, card: Any) -> None:
        self.cards.append(card)

    def tell_card(self, card: Any) -> None:
        self.cards.append(card)

    def tell_troubles(self, troubles: Any) -> None:
        self.said.append(tuple(one.code for one in troubles))

    def publish(self, result: Any) -> None: ...

    def camera_state(self, source: str, state: str) -> None: ...

    def stats(self, values: Any) -> None: ...

    def close(self) -> None: ...


def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "that never came true"
        time.sleep(0.02)


@pytest.fixture
def jetson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jetson:
    monkeypatch.setattr(engine_keeper, "POLL_S", 0.05)
    return Jetson(tmp_path, monkeypatch)


def live(jetson: Jetson) -> Config:
    return parse_config(
        f'rules = []\n[model]\npath = "{jetson.onnx}"\n[[sources]]\nuri = "synthetic://?live=true&frames=0&width=96&height=64"\n'
    )


class Run:
    """A running pipeline with its keeper, and who was asked to build."""

    def __init__(self, jetson: Jetson, monkeypatch: pytest.MonkeyPatch) -> None:
        self.noted, self.children = Noting(), []
        monkeypatch.setenv(building.UNIT_VARIABLE, "edgepose-engine.service")
        self.config = live(jetson)
        self.pipeline = Pipeline(self.config, publishers=[self.noted], keep_images=False)
        self.pipeline.start(to_caller=False)
        self.keeper = EngineKeeper(self.pipeline, self.config, jetson.folder / "edgepose.toml")
        self.keeper.__enter__()

    @property
    def backend(self) -> str:
        return self.pipeline.network.backend.info.name

    @property
    def codes(self) -> tuple[str, ...]:
        return self.noted.said[-1] if self.noted.said else ()

    @property
    def hint(self) -> str:
        return " ".join(one.hint for one in self.pipeline.troubles)

    def close(self) -> None:
        self.keeper.__exit__()
        self.pipeline.close()


@pytest.fixture
def run(jetson: Jetson, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    running = Run(jetson, monkeypatch)
    yield running
    running.close()


def test_the_cpu_watches_until_the_unit_has_built_the_engine_which_is_then_taken_without_a_restart(
    jetson: Jetson, run: Run
) -> None:
    assert run.backend in ("openvino", "onnxruntime")
    until(lambda: run.codes == ("engine_building",))
    assert building.is_asked()
    assert "why" in run.noted.cards[0]["model"] and "engine" not in run.noted.cards[0]["model"]
    before = run.pipeline.report()["frames"]
    with building.noted_build():
        build_planned(run.config)
    until(lambda: run.backend == "tensorrt")
    until(lambda: run.codes == ())
    until(lambda: run.pipeline.report()["frames"] > before + 5)
    assert run.noted.cards[-1]["model"]["engine"] == str(jetson.engine)
    assert run.pipeline.report()["network"] == {
        "backend": "tensorrt",
        "device": "Fake Orin",
        "precision": "int8",
        "engine": str(jetson.engine),
    }
    assert ("cpu_fallback",) not in run.noted.said[1:]


def test_a_build_that_fails_is_said_with_its_reason_and_the_cpu_goes_on(run: Run) -> None:
    until(building.is_asked)
    with pytest.raises(building.EdgePoseError), building.noted_build():
        raise building.EdgePoseError("no space left on device")
    until(lambda: "no space left on device" in run.hint)
    until(lambda: run.codes == ("cpu_fallback",))
    assert run.backend in ("openvino", "onnxruntime")


def test_a_build_that_is_killed_is_said_as_cut_off(run: Run) -> None:
    until(building.is_asked)
    words = "from edgepose.device.building import noted_build\nimport os\nwith noted_build(): os.abort()"
    subprocess.run([sys.executable, "-c", words], check=False, capture_output=True)
    until(lambda: "was cut off" in run.hint)
    until(lambda: run.codes == ("cpu_fallback",))


def test_a_unit_that_never_comes_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_keeper, "ANSWER_S", 0.2)
    until(lambda: "is edgepose-engine.path running?" in run.hint)
    assert () not in run.noted.said


def test_an_engine_that_somebody_builds_anew_is_taken_and_a_wrecked_one_is_not(jetson: Jetson, run: Run) -> None:
    build_planned(run.config)
    until(lambda: run.backend == "tensorrt")
    first = run.pipeline.network.backend
    flip(jetson)
    time.sleep(0.3)
    assert run.pipeline.network.backend is first
    build_planned(run.config)
    until(lambda: run.pipeline.network.backend is not first)
    assert run.backend == "tensorrt"


def test_where_no_gpu_works_nothing_is_built_and_the_reason_stays(
    jetson: Jetson, monkeypatch: pytest.MonkeyPatch
) -> None:
    from test_gpu_by_default import no_gpu

    no_gpu(jetson)
    running = Run(jetson, monkeypatch)
    try:
        until(lambda: running.codes == ("cpu_fallback",))
        time.sleep(0.2)
        assert not building.is_asked()
        assert "no working NVIDIA GPU" in running.pipeline.troubles[0].hint
    finally:
        running.close()


def test_without_a_unit_a_child_process_builds_at_low_priority(jetson: Jetson, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    class Child:
        pid = 7

        def __init__(self, command: list[str], **words: Any) -> None:
            started.append((command, words))

    monkeypatch.delenv(building.UNIT_VARIABLE, raising=False)
    monkeypatch.setattr(subprocess, "Popen", Child)
    assert "build.log" in building.ask_for_engine(Path("edgepose.toml"))
    command, words = started[0]
    assert command[:3] == ["nice", "-n", "10"] and command[-2:] == ["--config", "edgepose.toml"]
    assert words["start_new_session"]


def test_the_verb_builds_what_a_configuration_runs_and_says_who_is_at_it(
    jetson: Jetson, capsys: pytest.CaptureFixture[str]
) -> None:
    path = jetson.folder / "edgepose.toml"
    path.write_text(f'[model]\npath = "{jetson.onnx}"\n')
    models_folder().mkdir(parents=True)
    (models_folder() / "wanted").touch()
    assert main(["build", "--config", str(path)]) == 0
    assert not building.is_asked() and build_state() == ""
    assert "int8" in capsys.readouterr().out
    with building.noted_build():
        assert build_state() is None
    assert main(["build"]) == 1
    assert "give either a model to build, or --config FILE" in capsys.readouterr().err


def test_the_note_of_a_build_is_locked_while_it_lasts(jetson: Jetson) -> None:
    with building.noted_build(), (models_folder() / "building").open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
