"""States and pauses of a camera's link, told with numbers instead of waiting."""

from __future__ import annotations

from random import Random

import numpy as np

from edgepose.sources.link import Backoff, Link, fingerprint
from edgepose.sources.options import SourceOptions

OPTIONS = SourceOptions(stall_s=5, freeze_s=10, offline_s=60)


def running(period_s: float = 0.1, until: float = 10.0) -> Link:
    """A link that has had changing pictures every period up to a second."""
    link = Link(OPTIONS, 0.0)
    link.connected(0.0, period_s)
    for number, t in enumerate(np.arange(0, until + 1e-9, period_s)):
        link.picture(float(t), number)
    return link


def test_a_new_link_is_reconnecting_and_then_offline() -> None:
    link = Link(OPTIONS, 100.0)
    assert link.state(100.0) == "reconnecting"
    assert link.state(161.0) == "offline"


def test_a_connection_without_a_picture_is_not_online() -> None:
    link = Link(OPTIONS, 0.0)
    link.connected(1.0, 0.1)
    assert link.state(1.0) == "reconnecting"


def test_pictures_make_it_online() -> None:
    assert running().state(10.0) == "online"


def test_five_silent_seconds_stall_it() -> None:
    link = running(until=10.0)
    assert link.state(14.9) == "online"
    assert link.state(15.1) == "stalled"


def test_a_slow_camera_is_given_ten_periods() -> None:
    link = running(period_s=2.0, until=10.0)
    assert link.state(29.0) == "online"
    assert link.state(30.5) == "stalled"


def test_identical_pictures_for_ten_seconds_stall_it_and_a_new_one_wakes_it() -> None:
    link = running(until=10.0)
    for t in np.arange(10.1, 20.1, 0.1):
        link.picture(float(t), 4711)
    assert link.state(20.05) == "online"
    link.picture(20.2, 4711)
    assert link.state(20.2) == "stalled"
    link.picture(21.0, 4712)
    assert link.state(21.0) == "online"


def test_a_loss_is_reconnecting_then_offline_counted_from_the_first_loss() -> None:
    link = running(until=10.0)
    link.lost(11.0)
    link.lost(50.0)
    assert link.state(70.9) == "reconnecting"
    assert link.state(71.1) == "offline"


def test_pauses_double_from_first_to_longest_and_vary() -> None:
    backoff = Backoff(SourceOptions(backoff_first_s=1, backoff_max_s=30), Random(1))
    pauses = [backoff.next_s() for _ in range(8)]
    assert all(1 <= pause <= 30 for pause in pauses)
    assert all(2**n <= pause <= 2 ** (n + 1) for n, pause in enumerate(pauses[:4]))
    assert all(15 <= pause <= 30 for pause in pauses[5:])
    assert len(set(pauses)) == 8
    backoff.reset()
    assert backoff.next_s() <= 2


def test_fingerprints_tell_pictures_and_sizes_apart() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    other = image.copy()
    other[4, 8] = 1
    assert fingerprint(image) == fingerprint(image.copy())
    assert fingerprint(image) != fingerprint(other)
    assert fingerprint(image) != fingerprint(np.zeros((80, 20, 3), np.uint8))
