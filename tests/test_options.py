"""Every options struct keeps its bounds, made by hand, by flags or from a file."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from edgepose.cli import main
from edgepose.config import Config, SourceEntry, ZoneEntry
from edgepose.decode import GroupOptions
from edgepose.engine.int8.options import GateOptions, PictureOptions, QuantiseOptions
from edgepose.errors import ConfigError
from edgepose.options import Options
from edgepose.publish.options import MqttOptions
from edgepose.tracking import TrackerOptions


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: PictureOptions(max_pictures=-1), "max_pictures: expected `int` >= 1, got -1 .PictureOptions"),
        (lambda: QuantiseOptions(float_budget=7.0), "float_budget: expected `float` <= .*, got 7.0"),
        (lambda: GroupOptions(max_peaks=5000), "max_peaks: expected `int` <= 1024, got 5000"),
        (lambda: GroupOptions(max_peaks=2.5), "max_peaks: expected `int`"),
        (lambda: TrackerOptions(max_gap_s=float("nan")), "max_gap_s: expected a number from -5e9 to 5e9, got nan"),
        (lambda: TrackerOptions(max_gap_s=float("inf")), "max_gap_s: .* got inf"),
        (lambda: TrackerOptions(max_gap_s=np.float32("inf")), "max_gap_s: .* got inf"),
        (lambda: TrackerOptions(max_gap_s=10**400), "max_gap_s: .* got one of 1329 bits"),
        (lambda: TrackerOptions(max_gap_s=True), "max_gap_s: expected `float`, got `bool`"),
        (lambda: msgspec.structs.replace(GroupOptions(), min_score=2.0), "min_score: expected `float` <= 1.0, got 2.0"),
        (lambda: ZoneEntry(name="bed", policy="floor", polygon=((0, 0), (1, 0), (1, 1))), "policy: invalid enum value"),
        (lambda: ZoneEntry(name="bed", policy="bed", polygon=((0, 0), (1, 0), (1, float("nan")))), "polygon: .* nan"),
        (lambda: Config(rules="fall"), "rules: expected `array`, got `str`"),
        (lambda: Config(sources=("a.mp4",)), r"sources\[0\]: expected"),
    ],
    ids=[
        "below",
        "above",
        "whole number",
        "no whole number",
        "not a number",
        "without end",
        "without end in numpy",
        "huge",
        "truth value",
        "replaced",
        "unknown word",
        "corner",
        "text for a list",
        "text for a section",
    ],
)
def test_a_value_out_of_bounds_is_refused_when_made_by_hand(make, words):
    with pytest.raises(ConfigError, match=words) as told:
        make()
    assert "\n" not in str(told.value)


def test_a_secret_is_not_repeated():
    with pytest.raises(ConfigError) as told:
        MqttOptions(url=["mqtt://anna:hush@broker"])
    assert "hush" not in str(told.value)


def test_numbers_of_numpy_become_plain_numbers():
    assert type(GroupOptions(max_peaks=np.int64(12), min_score=np.float32(0.5)).max_peaks) is int
    zone = ZoneEntry(name="bed", policy="bed", polygon=tuple(map(tuple, np.array([[0, 0], [1, 0], [1, 1.0]]))))
    assert msgspec.json.decode(msgspec.json.encode(Config(zones=(zone,))), type=Config).zones == (zone,)


def _all_options(cls: type = Options):
    for one in cls.__subclasses__():
        yield one
        yield from _all_options(one)


def test_defaults_are_within_their_own_bounds():
    """They are not looked at when a struct is made, so that importing costs nothing."""
    from edgepose.options import _check

    checked = 0
    for cls in set(_all_options()):
        if all(not field.required for field in msgspec.structs.fields(cls)):
            _check(cls())
            checked += 1
    assert checked > 15


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["calibrate", "edgepose-nano", "--images", "{here}", "-o", "{here}/q", "--max-pictures", "-1"],
            "max_pictures",
        ),
        (["calibrate", "edgepose-nano", "--images", "{here}", "-o", "{here}/q", "--float-budget", "7"], "float_budget"),
        (["run", "--source", "", "--model", "edgepose-nano"], "uri"),
    ],
    ids=["max-pictures", "float-budget", "empty source"],
)
def test_a_flag_out_of_bounds_is_one_sentence(tmp_path, capsys, words, sentence):
    assert main([word.format(here=tmp_path) for word in words]) == 1
    err = capsys.readouterr().err
    assert sentence in err and err.count("\n") == 1


def test_a_source_by_hand_needs_an_address():
    with pytest.raises(ConfigError, match="uri: expected `str` of length >= 1"):
        SourceEntry(uri="")


def test_the_gate_takes_its_own_defaults():
    assert GateOptions() == msgspec.convert({}, GateOptions)
