"""A second is watched when a frame of it was judged; every other has a reason."""

from __future__ import annotations

import time

from edgepose.pipeline.watched import Watched


def seconds_of(watched: Watched, camera: str = "hall") -> tuple[int, dict[str, int]]:
    found = watched.report()[camera]
    return found["watched_s"], found["unwatched_s"]


def test_each_second_is_watched_or_has_a_reason():
    watched = Watched(["hall"], 100.0, time.time())
    for second, state in ((100, None), (101, "online"), (102, "online"), (103, "offline"), (104, "paused")):
        if second in (101, 102):
            for part in (0.1, 0.4, 0.8):  # many frames of one second are one second
                watched.saw("hall", second + part)
        watched.tick(second + 1.0, {} if state is None else {"hall": state})
    assert seconds_of(watched) == (2, {"starting": 1, "offline": 1, "paused": 1})


def test_a_link_that_is_online_without_frames_is_not_watched():
    watched = Watched(["hall", "kitchen"], 0.0, time.time())
    for second in range(1, 6):
        watched.saw("kitchen", second - 0.5)
        watched.tick(float(second), {"hall": "online", "kitchen": "online"})
    assert seconds_of(watched) == (0, {"no_frames": 5}) and seconds_of(watched, "kitchen") == (5, {})
    assert watched.idle_s("hall", 9.0) is None and watched.idle_s("kitchen", 9.0) == 4.5


def test_seconds_in_which_the_thread_stood_still_are_not_watched():
    watched = Watched(["hall"], 0.0, time.time())
    watched.saw("hall", 0.5)
    watched.tick(20.0, {"hall": "online"})
    assert seconds_of(watched) == (1, {"not_judged": 19})


def test_a_new_day_begins_to_count_anew():
    watched = Watched(["hall"], 0.0, time.time() - 86_400)
    yesterday = watched.report()["hall"]["day"]
    watched.saw("hall", 0.5)
    watched.tick(1.0, {"hall": "online"})
    assert watched.report()["hall"]["day"] > yesterday and seconds_of(watched) == (1, {})
