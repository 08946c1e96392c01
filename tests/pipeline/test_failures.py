"""An error anywhere ends every thread and reaches whoever runs the pipeline, soon."""

import time
from collections.abc import Callable

import numpy as np
import pytest
from pipeline_fakes import GreyBackend, NotingPublisher, PicturesSource, picture, threads_left

from edgepose.errors import PublishError
from edgepose.pipeline import Pipeline
from edgepose.publish.jsonl import JsonlPublisher
from edgepose.publish.options import JsonlOptions


class FailingRule:
    def __init__(self, size_wh=None):
        self._calls = 0

    def update(self, tracks, t):
        self._calls += 1
        if self._calls == 5:
            raise ZeroDivisionError("the rule's sums went wrong")
        return []


class CrookedBackend(GreyBackend):
    """Gives maps of which the decoder can make nothing."""

    def infer(self, batch):
        return [np.zeros((len(batch), 3, 16, 16), np.float32), np.zeros((len(batch), 2, 16, 16), np.float32)]


def failing_callback(result):
    if result.seq == 5:
        raise KeyError("the host program's own mistake")


class TardyRule(FailingRule):
    def update(self, tracks, t):
        raise TimeoutError("the rule's own server did not answer")


class TardyBackend(GreyBackend):
    def infer(self, batch):
        raise TimeoutError("the device did not answer")


class FailingRuleMaker:
    def __call__(self, size_wh):
        raise ValueError(f"no rule for pictures of {size_wh}")


CASES = {
    "source": ({"source": PicturesSource([picture(3)] * 1000, fail_after=5)}, OSError, "cable"),
    "preprocess": ({"source": PicturesSource([picture(3), np.zeros((4, 4), np.uint8)] * 99)}, ValueError, "picture"),
    "backend": ({"model": GreyBackend(fail_after=5)}, RuntimeError, "off the bus"),
    "decoder": ({"model": CrookedBackend()}, ValueError, "heatmaps"),
    "rule": ({"rules": [FailingRule]}, ZeroDivisionError, "sums"),
    "rule that times out": ({"rules": [TardyRule]}, TimeoutError, "own server"),
    "backend that times out": ({"model": TardyBackend()}, TimeoutError, "device"),
    "making a rule": ({"rules": [FailingRuleMaker()]}, ValueError, "no rule for"),
    "publisher open": ({"publishers": [NotingPublisher("open")]}, OSError, "open"),
    "publisher publish": ({"publishers": [NotingPublisher("publish")]}, OSError, "publish"),
    "publisher camera state": ({"publishers": [NotingPublisher("camera_state")]}, OSError, "camera_state"),
    "callback": ({}, KeyError, "own mistake"),
}


def opened(keywords):
    other = PicturesSource([picture(2)] * 100_000, name="bystander", live=True, period_s=0.01)
    source = keywords.get("source") or PicturesSource([picture(3)] * 100_000)
    return Pipeline(**{"model": GreyBackend(), "rules": (), "publishers": ()} | keywords | {"source": [source, other]})


@pytest.mark.parametrize("case", CASES)
def test_an_error_reaches_the_caller_within_a_second_and_ends_the_other_threads(case: str):
    keywords, kind, words = CASES[case]
    callback: Callable = failing_callback if case == "callback" else lambda result: None
    running = opened(keywords)
    began = time.monotonic()
    with pytest.raises(kind, match=words):
        running.run(callback)
    assert time.monotonic() - began < 6  # a second for the error, the rest for a loaded machine
    assert not threads_left()


def test_an_error_also_reaches_whoever_iterates():
    with opened({"model": GreyBackend(fail_after=5)}) as running, pytest.raises(RuntimeError, match="off the bus"):
        for _ in running:
            pass


def test_an_error_also_ends_a_run_without_callback():
    with pytest.raises(ZeroDivisionError):
        opened({"rules": [FailingRule]}).run()


def test_what_a_failing_source_gave_before_is_still_published():
    publisher = NotingPublisher()
    source = PicturesSource([picture(3)] * 100, fail_after=7)
    with pytest.raises(OSError, match="cable"):
        Pipeline(source=source, model=GreyBackend(), rules=(), publishers=[publisher]).run()
    assert [result.seq for result in publisher.results] == list(range(7))
    assert publisher.calls[-1] == "close"


def test_one_publisher_that_fails_leaves_the_others_closed_and_their_results_kept():
    kept, failing = NotingPublisher(), NotingPublisher("publish")
    source = PicturesSource([picture(3)] * 10)
    with pytest.raises(OSError, match="publish"):
        Pipeline(source=source, model=GreyBackend(), rules=(), publishers=[kept, failing]).run()
    assert len(kept.results) == 1
    assert kept.calls[-1] == failing.calls[-1] == "close"


class Telling(NotingPublisher):
    """Notes whether it was ended by an error."""

    failed = False

    def fail(self) -> None:
        self.failed = True


@pytest.mark.parametrize("case", ["source", "backend", "rule"])
def test_a_publisher_learns_that_the_run_ended_by_an_error(case: str):
    what, error, _ = CASES[case]
    publisher = Telling()
    defaults = {"source": PicturesSource([picture(3)] * 1000), "model": GreyBackend(), "rules": []}
    with pytest.raises(error):
        Pipeline(**{**defaults, **what, "publishers": [publisher]}).run()
    assert publisher.failed
    calm = Telling()
    Pipeline(**{**defaults, "source": PicturesSource([picture(3)] * 3), "publishers": [calm]}).run()
    assert not calm.failed


def test_a_publisher_that_cannot_be_closed_is_an_error():
    with pytest.raises(OSError, match="close"):
        Pipeline(
            source=PicturesSource([picture(3)] * 3),
            model=GreyBackend(),
            rules=(),
            publishers=[NotingPublisher("close")],
        ).run()


def test_a_network_that_hangs_is_left_behind_in_time_and_named(caplog):
    backend = GreyBackend(wait_s=8.0)
    running = Pipeline(source=PicturesSource([picture(3)] * 10), model=backend, rules=(), publishers=())
    running.start()
    time.sleep(0.2)
    began = time.monotonic()
    running.close()
    assert time.monotonic() - began < 6
    assert "infer" in caplog.text
    assert not backend.closed  # freeing a network that still computes would crash the process


class TroubledPublisher(NotingPublisher):
    """Hears of what the others gave up."""

    def tell_troubles(self, troubles):
        self._note("tell_troubles")
        self.told = troubles


def test_a_full_disk_ends_neither_the_run_nor_the_other_publishers():
    lines, other = JsonlPublisher(JsonlOptions(path="/dev/full")), TroubledPublisher()
    source = PicturesSource([picture(3)] * 30)
    pipeline = Pipeline(source=source, model=GreyBackend(), rules=[], publishers=[lines, other])
    with pytest.raises(PublishError, match="30 of 30 results are missing from '/dev/full': no space left"):
        pipeline.run()
    assert len(other.results) == 30
    assert [one.code for one in other.told] == ["jsonl_failed"] and other.calls.count("tell_troubles") == 1
    assert other.calls.index("tell_troubles") < len(other.calls) - 5, "while the run goes on"
