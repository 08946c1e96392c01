"""A live source over scripted readers: newest frame, losses, hangs, surprises and a quick end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from edgepose.errors import ClosedError, SourceError
from edgepose.sources.live import LiveSource
from edgepose.sources.options import SourceOptions
from edgepose.sources.reader import Shot

QUICK = SourceOptions(
    open_timeout_s=0.1, hang_s=0.1, stall_s=0.1, freeze_s=0.1, offline_s=0.2, backoff_first_s=0.02, backoff_max_s=0.05
)


class ScriptedReader:
    """Gives what its script says: a number is a picture of that brightness, an exception is raised, a callable runs."""

    period_s = 0.001
    skipped = 0

    def __init__(self, *script: int | BaseException | Callable[[], None]) -> None:
        self.script = list(script)
        self.closed = False

    def read(self) -> Shot:
        while True:
            step = self.script.pop(0) if self.script else SourceError("the cable is out")
            if isinstance(step, BaseException):
                raise step
            if isinstance(step, int):
                return Shot(np.full((4, 4, 3), step, np.uint8), None)
            step()

    def close(self) -> None:
        self.closed = True


def source_over(*readers: ScriptedReader | BaseException, options: SourceOptions = QUICK, **more: object) -> LiveSource:
    """A source whose connections are these, one after the other; then the camera stays away."""
    waiting = list(readers)

    def connect() -> ScriptedReader:
        reader = waiting.pop(0) if waiting else SourceError("camera 'x' is away")
        if isinstance(reader, BaseException):
            raise reader
        return reader

    return LiveSource("x", "camera 'x'", connect, options, **more)  # type: ignore[arg-type]


def eventually(what: Callable[[], bool], within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.005)
    return False


def test_only_the_newest_frame_is_given_and_the_others_are_counted() -> None:
    done = threading.Event()
    source = source_over(ScriptedReader(1, 2, 3, 4, 5, done.set, lambda: time.sleep(5)))
    assert done.wait(20)
    frame = source.read()
    assert frame is not None
    assert (frame.seq, frame.image[0, 0, 0], source.dropped) == (4, 5, 4)
    source.close()


def test_no_frame_in_time_is_none_and_not_an_error() -> None:
    source = source_over(ScriptedReader(1, lambda: time.sleep(1)))
    assert source.read(5) is not None
    assert source.read(0.01) is None
    source.close()


def test_a_lost_camera_comes_back_by_itself_and_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    second = ScriptedReader(2, lambda: time.sleep(5))
    first = ScriptedReader(1, SourceError("rtsp://bob:s3cr3t@host/x broke off"))
    source = source_over(first, SourceError("away"), second)
    assert eventually(lambda: (frame := source.read(0.05)) is not None and frame.image[0, 0, 0] == 2)
    assert source.state == "online"
    assert source.reconnects == 1
    assert source.last_error == "away"
    assert first.closed
    assert "connected again" in caplog.text
    assert "s3cr3t" not in caplog.text
    source.close()


def test_the_stream_number_goes_on_after_a_loss() -> None:
    source = source_over(ScriptedReader(1, 1, 1), ScriptedReader(2, lambda: time.sleep(5)))
    seqs = []
    assert eventually(lambda: bool(seqs.append(f.seq) if (f := source.read(0.05)) else seqs and seqs[-1] == 3))
    assert seqs == sorted(set(seqs))
    source.close()


def test_a_camera_that_stays_away_goes_offline() -> None:
    source = source_over(ScriptedReader(1))
    assert eventually(lambda: source.state == "reconnecting")
    assert eventually(lambda: source.state == "offline")
    source.close()


def test_silence_and_frozen_pictures_are_stalled() -> None:
    silent = source_over(ScriptedReader(1, lambda: time.sleep(0.5)), options=_patient())
    frozen = source_over(ScriptedReader(*[7, lambda: time.sleep(0.01)] * 100), options=_patient())
    assert eventually(lambda: silent.state == "stalled")
    assert eventually(lambda: frozen.state == "stalled")
    silent.close()
    frozen.close()


def _patient() -> SourceOptions:
    return SourceOptions(stall_s=0.1, freeze_s=0.1, hang_s=60)


def test_a_reader_that_hangs_is_replaced_and_what_it_says_later_is_ignored() -> None:
    let_go, back = threading.Event(), threading.Event()
    hanging = ScriptedReader(1, lambda: let_go.wait(20) and None, back.set, 99)
    source = source_over(hanging, ScriptedReader(2, *[lambda: time.sleep(0.01), 3] * 300))
    assert eventually(lambda: (frame := source.read(0.02)) is not None and frame.image[0, 0, 0] == 2)
    assert source.replaced == 1
    let_go.set()
    assert back.wait(20)
    seen = {int(frame.image[0, 0, 0]) for _ in range(20) if (frame := source.read(0.05))}
    assert 99 not in seen
    assert eventually(lambda: hanging.closed)
    source.close()


def test_readers_that_all_hang_do_not_pile_up() -> None:
    let_go = threading.Event()
    readers = [ScriptedReader(1, lambda: let_go.wait(20) and None) for _ in range(8)]
    source = source_over(*readers)
    assert eventually(lambda: source.read(0.02) is None and source.replaced == 3)
    for _ in range(20):
        source.read(0.02)
    assert source.replaced == 3
    assert source.state in ("reconnecting", "offline")
    let_go.set()
    source.close()


def test_close_returns_fast_although_the_library_hangs() -> None:
    let_go = threading.Event()
    source = source_over(ScriptedReader(1, lambda: let_go.wait(30) and None))
    begin = time.monotonic()
    source.close()
    source.close()
    let_go.set()
    assert time.monotonic() - begin < 5
    assert source.state == "offline"
    with pytest.raises(ClosedError):
        source.read()


def test_close_wakes_a_waiting_read() -> None:
    source = source_over(ScriptedReader(1, lambda: time.sleep(1)))
    assert source.read() is not None
    threading.Timer(0.05, source.close).start()
    with pytest.raises(ClosedError):
        source.read(30)


def test_a_camera_that_is_not_there_at_the_start_is_an_error_with_its_reason() -> None:
    with pytest.raises(SourceError, match="is away"):
        source_over()


def test_a_camera_that_never_answers_at_the_start_is_an_error() -> None:
    let_go = threading.Event()

    def connect() -> ScriptedReader:
        let_go.wait(20)
        raise SourceError("too late")

    with pytest.raises(SourceError, match=r"does not answer within 0\.1 s"):
        LiveSource("x", "camera 'x'", connect, QUICK)
    let_go.set()


def test_a_camera_that_connects_and_shows_nothing_was_not_reached() -> None:
    let_go = threading.Event()
    with pytest.raises(SourceError, match="does not answer"):
        source_over(ScriptedReader(lambda: let_go.wait(20) and None))
    let_go.set()


def test_a_camera_that_is_not_required_may_come_later() -> None:
    options = SourceOptions(require_at_start=False, backoff_first_s=0.02, backoff_max_s=0.05)
    source = source_over(
        SourceError("off"), SourceError("off"), ScriptedReader(5, lambda: time.sleep(5)), options=options
    )
    assert source.state == "reconnecting"
    assert eventually(lambda: source.read(0.05) is not None)
    assert source.state == "online"
    source.close()


def test_a_surprise_in_the_reader_thread_reaches_the_caller() -> None:
    source = source_over(ScriptedReader(1, lambda: time.sleep(0.2), ValueError("a bug")))
    with pytest.raises(ValueError, match="a bug"):
        while True:
            source.read()
    source.close()


def test_the_end_of_a_camera_is_a_loss_and_of_a_recording_an_end() -> None:
    camera = source_over(ScriptedReader(1, EOFError()))
    assert eventually(lambda: camera.state == "reconnecting")
    camera.close()
    recording = source_over(ScriptedReader(1, EOFError()), ends=True)
    assert recording.read() is not None
    with pytest.raises(EOFError):
        recording.read()
