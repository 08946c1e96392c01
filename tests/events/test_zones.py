"""Zones hold points, and say what is wrong with a polygon."""

from __future__ import annotations

import pytest

from edgepose.errors import ConfigError
from edgepose.events.zones import ZoneOptions, zone_at

SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))


def zone(polygon=SQUARE, policy="bed", name="bed") -> ZoneOptions:
    return ZoneOptions(name=name, policy=policy, polygon=polygon)


def test_a_zone_holds_what_is_inside_and_nothing_else():
    assert zone().contains(0.4, 0.4)
    assert not zone().contains(0.7, 0.4)
    assert not zone().contains(float("nan"), 0.4)


def test_a_hollow_polygon_is_hollow():
    hollow = zone(((0, 0), (1, 0), (1, 1), (0.8, 1), (0.8, 0.2), (0.2, 0.2), (0.2, 1), (0, 1)))
    assert hollow.contains(0.1, 0.5) and not hollow.contains(0.5, 0.5)


def test_pixels_find_the_first_zone_that_holds_them():
    first, second = zone(name="a"), zone(name="b", policy="sofa")
    assert zone_at((first, second), 320, 192, (640, 480)) is first
    assert zone_at((first, second), 600, 192, (640, 480)) is None
    assert zone_at((first,), 320, 192, None) is None


@pytest.mark.parametrize(
    ("polygon", "words"),
    [
        (SQUARE[:2], "at least 3"),
        (((0.2, 0.2), (1.6, 0.2), (0.6, 0.6)), "outside the picture"),
        (((0, 0), (float("nan"), 0), (1, 1)), "polygon: expected a number"),
        (((0, 0), (1, 1), (1, 0), (0, 1)), "crosses itself"),
    ],
    ids=["two corners", "outside", "nan", "crossing itself"],
)
def test_a_bad_polygon_is_refused_in_words(polygon, words):
    with pytest.raises(ConfigError, match=words):
        zone(polygon)
