import asyncio
import threading
import time

import numpy as np
import pytest
from pipeline_fakes import GreyBackend, NotingPublisher, PicturesSource, nose_x, picture, threads_left

from edgepose.config import Config, PipelineOptions
from edgepose.errors import ClosedError, ConfigError, EdgePoseError
from edgepose.pipeline import Analyser, Pipeline
from edgepose.types import Event

WALK = [1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1]


def pipeline(pictures=WALK, **keywords):
    defaults = {"source": PicturesSource(map(picture, pictures)), "model": GreyBackend(), "rules": (), "publishers": ()}
    return Pipeline(**defaults | keywords)


def nose_of(result):
    (track,) = result.tracks
    return track.pose.keypoints[0, 0]


def test_every_frame_of_a_file_comes_out_in_order():
    with pipeline() as running:
        results = list(running)
    assert [result.seq for result in results] == list(range(len(WALK)))
    assert sum(result.dropped for result in results) == 0


def test_each_result_shows_the_person_of_its_own_picture():
    from edgepose.tracking import TrackerOptions

    config = Config(tracking=TrackerOptions(smooth=False))
    with pipeline(config=config) as running:
        noses = [nose_of(result) for result in running]
    assert noses == pytest.approx([nose_x(level) for level in WALK], abs=1.5)


def test_the_analyser_gives_the_same_results_as_the_threads():
    with pipeline() as running:
        threaded = list(running)
    with Analyser(model=GreyBackend(), rules=()) as analyser:
        plain = [analyser.update(picture(level), i / 10, "file") for i, level in enumerate(WALK)]
    for one, other in zip(threaded, plain, strict=True):
        assert (one.source, one.seq, one.t, one.size_wh) == (other.source, other.seq, other.t, other.size_wh)
        assert [track.id for track in one.tracks] == [track.id for track in other.tracks]
        for track, twin in zip(one.tracks, other.tracks, strict=True):
            np.testing.assert_array_equal(track.pose.keypoints, twin.pose.keypoints)


def test_several_sources_share_one_network_in_batches_and_keep_their_own_order():
    sources = [PicturesSource(map(picture, [level] * 20), name=f"cam{level}") for level in (1, 3, 5)]
    backend = GreyBackend(wait_s=0.005)
    with pipeline(source=sources, model=backend) as running:
        results = list(running)
    for level in (1, 3, 5):
        own = [result for result in results if result.source == f"cam{level}"]
        assert [result.seq for result in own] == list(range(20))
        assert nose_of(own[-1]) == pytest.approx(nose_x(level), abs=1.5)
    assert max(backend.batch_sizes) > 1
    assert max(backend.batch_sizes) <= PipelineOptions().max_batch


def test_track_ids_begin_anew_for_every_source():
    sources = [PicturesSource(map(picture, [3] * 5), name=name) for name in "ab"]
    with pipeline(source=sources) as running:
        ids = {(result.source, track.id) for result in running for track in result.tracks}
    assert ids == {("a", 1), ("b", 1)}


def test_a_live_source_keeps_the_newest_frame_and_counts_the_others():
    source = PicturesSource(map(picture, [3] * 60), live=True, period_s=0.002)
    with pipeline(source=source, model=GreyBackend(wait_s=0.02)) as running:
        results = list(running)
        report = running.report()
    assert len(results) < 60
    assert results[-1].seq == 59
    assert len(results) + sum(result.dropped for result in results) == 60
    assert report["dropped"] == 60 - len(results)


def test_a_file_waits_for_a_slow_reader_of_results():
    source = PicturesSource(map(picture, [3] * 100))
    with pipeline(source=source) as running:
        for result in running:
            time.sleep(0.02)
            if result.seq == 10:
                break
        assert source.n_read < 30


def test_max_frames_ends_the_run_there():
    publisher = NotingPublisher()
    report = pipeline(max_frames=5, publishers=[publisher]).run()
    assert report["frames"] == len(publisher.results) == 5


def test_pictures_are_left_out_of_results_on_request_but_publishers_see_them():
    publisher = NotingPublisher()
    with pipeline(keep_images=False, publishers=[publisher]) as running:
        assert all(result.image is None for result in running)
    assert all(result.image is not None for result in publisher.results)


def test_publishers_are_called_from_one_thread_from_open_to_close():
    publisher = NotingPublisher()
    pipeline(publishers=[publisher]).run()
    assert publisher.threads == {"group"}
    assert publisher.calls[0] == "open"
    assert publisher.calls[-1] == "close"
    assert publisher.calls.count("publish") == len(WALK)
    assert publisher.card["cameras"] == [{"name": "file", "live": False}]


def test_publishers_are_told_of_camera_states_and_figures():
    source = PicturesSource(map(picture, WALK))
    publisher = NotingPublisher()

    def lose_the_camera(result):
        source.state = "reconnecting"

    pipeline(source=source, publishers=[publisher]).run(lose_the_camera)
    assert publisher.states[0] == ("file", "online")
    assert ("file", "reconnecting") in publisher.states
    assert sum(values["frames"] for values in publisher.figures) == len(WALK)
    assert set(publisher.figures[0]["latency_ms"]["infer"]) == {"p50", "p99"}
    assert publisher.figures[0]["ram_total_mb"] > 0


def test_the_report_counts_frames_people_and_events():
    class Greeter:
        def update(self, tracks, t):
            return [Event("greeting", "hello", t)] if t == 0 else []

    running = pipeline([3, 3, 3, 0, 0], rules=[Greeter()])
    report = running.run()
    assert (report["frames"], report["people_frames"]) == (5, 3)
    assert report["events"] == {"greeting.hello": 1}
    assert set(report["latency_ms"]) == {"capture", "preprocess", "infer", "group", "track", "rules", "publish"}


def test_every_thread_has_a_progress_counter_that_grows():
    with pipeline([3] * 50, model=GreyBackend(wait_s=0.01)) as running:
        next(iter(running))
        before = running.progress
        time.sleep(0.3)
        next(running)
        after = running.progress
    assert set(before) == {"capture file", "infer", "group"}
    assert all(after[name] > before[name] for name in before)


def test_stop_from_another_thread_ends_the_iteration_and_closes_the_publishers():
    publisher = NotingPublisher()
    source = PicturesSource([picture(3)] * 10_000)
    with pipeline(source=source, publishers=[publisher]) as running:
        threading.Timer(0.2, running.stop).start()
        n = sum(1 for _ in running)
    assert 0 < n < 10_000
    assert publisher.calls[-1] == "close"
    assert not threads_left()


def test_stopping_a_blocked_run_takes_less_than_two_seconds():
    running = pipeline(source=PicturesSource([picture(3)] * 100, live=True, period_s=0.1))
    began = time.monotonic()
    threading.Timer(0.3, running.stop).start()
    running.run()
    assert time.monotonic() - began < 6
    assert not threads_left()


def test_leaving_the_iteration_early_lets_everything_go():
    source, backend, publisher = PicturesSource([picture(3)] * 1000), GreyBackend(), NotingPublisher()
    with pipeline(source=source, model=backend, publishers=[publisher]) as running:
        for _ in running:
            break
    assert source.closed
    assert backend.closed
    assert publisher.calls[-1] == "close"
    assert not threads_left()


def test_closing_twice_is_fine_and_using_it_closed_says_so():
    running = pipeline()
    running.close()
    running.close()
    with pytest.raises(ClosedError, match="make a new one"):
        next(iter(running))


def test_a_pipeline_that_never_started_closes_its_publishers():
    publisher = NotingPublisher()
    pipeline(publishers=[publisher]).close()
    assert publisher.calls == ["close"]


def test_async_for_gives_the_same_results():
    async def collect():
        with pipeline() as running:
            return [result.seq async for result in running]

    assert asyncio.run(collect()) == list(range(len(WALK)))


def test_cancelling_an_async_reader_stops_the_threads():
    async def read():
        with pipeline(source=PicturesSource([picture(3)] * 100, live=True, period_s=0.1)) as running:
            async for _ in running:
                pass

    async def cancel_soon():
        task = asyncio.create_task(read())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_soon())
    assert not threads_left()


def test_a_camera_that_changes_its_picture_size_goes_on_with_a_new_scene():
    pictures = [picture(3)] * 3 + [picture(3, (256, 256))] * 3
    with pipeline(source=PicturesSource(pictures), model=GreyBackend()) as running:
        sizes = [result.size_wh for result in running]
    assert sizes == [(128, 128)] * 3 + [(256, 256)] * 3


class OpenFall:
    """Says once that it was thrown away."""

    def __init__(self, size_wh):
        self._size_wh = size_wh

    def update(self, tracks, t):
        return []

    def abandon(self, why):
        return [Event("fall", "unknown", 0.0, evidence={"size_wh": self._size_wh, "why": why})]


def test_a_picture_that_changes_its_size_closes_what_is_open_and_ids_and_counts_go_on():
    pictures = [picture(3)] * 3 + [picture(3, (256, 256))] * 3
    with pipeline(source=PicturesSource(pictures), model=GreyBackend(), rules=[OpenFall]) as running:
        results = list(running)
    (unknown,) = [event for result in results for event in result.events]
    assert unknown in results[3].events
    assert unknown.evidence == {"size_wh": (128, 128), "why": "picture size is 256x256 now"}
    assert [result.dropped for result in results] == [0] * 6
    assert [track.id for result in results for track in result.tracks] == [1, 1, 1, 2, 2, 2]


def test_progress_may_be_read_while_a_source_ends():
    running = pipeline([3] * 5)
    readers = [running.progress for result in running]
    assert all(set(ticks) <= {"capture file", "infer", "group"} for ticks in readers)


def test_closing_from_another_thread_ends_the_iteration():
    running = pipeline(source=PicturesSource([picture(3)] * 1000, live=True, period_s=0.005))
    for result in running:
        if result.seq >= 3:
            closer = threading.Thread(target=running.close)
            closer.start()
            closer.join()
    assert not threads_left()
    assert list(running) == []


def test_two_sources_of_one_name_are_refused_and_closed():
    sources = [PicturesSource([], name="door"), PicturesSource([], name="door")]
    backend = GreyBackend()
    with pytest.raises(ConfigError, match="door"):
        pipeline(source=sources, model=backend)
    assert all(source.closed for source in sources)
    assert backend.closed


def test_no_source_is_refused_in_one_sentence():
    with pytest.raises(EdgePoseError, match="no source"):
        Pipeline(model=GreyBackend())
