from random import Random

import pytest

from edgepose.config import Config, SourceEntry, load_config, parse_config
from edgepose.config.text import as_toml
from edgepose.errors import ConfigError


def test_an_empty_file_is_the_defaults():
    assert parse_config("") == Config()


def test_values_reach_the_options_of_their_stage():
    config = parse_config('[[sources]]\nuri = "a.mp4"\nname = "door"\n[model.backend]\nthreads = 2')
    assert config.sources == (SourceEntry(uri="a.mp4", name="door"),)
    assert config.model.backend.threads == 2


MISTAKES = {
    "misspelt key": (
        "[decode]\npeak_treshold = 1",
        "'decode.peak_treshold'; did you mean 'peak_threshold'",
    ),
    "misspelt section": ("[trackin]", "unknown key 'trackin'; did you mean 'tracking'"),
    "misspelt key in a list": ('[[sources]]\nuri = "a"\nnmae = "b"', r"'sources\[0\].nmae'; did you mean 'name'"),
    "misspelt key two sections down": ("[model.backend]\nthread = 1", "'model.backend.thread'; did you mean 'threads'"),
    "key of another section": ("max_batch = 2", "'max_batch' belongs at 'pipeline.max_batch'"),
    "key like nothing": ("[show]\nqqqq = 1", "known here are enabled"),
    "text for a number": ('[pipeline]\nmax_batch = "2"', "pipeline.max_batch: expected `int`, got `str`"),
    "number out of range": ("[pipeline]\nmax_batch = 0", "pipeline.max_batch: expected `int` >= 1"),
    "missing key": ('[[sources]]\nname = "a"', r"sources\[0\]: .* missing required field `uri`"),
    "zone that is no area": (
        '[[zones]]\nname = "bed"\npolicy = "bed"\npolygon = [[0, 0], [1, 1]]',
        r"zones\[0\]: zone 'bed' has 2 corners",
    ),
    "no TOML": ("= 3", "not valid TOML"),
    "no number": ("[tracking]\nmax_gap_s = nan", "tracking.max_gap_s: expected a number from -5e9 to 5e9, got nan"),
    "number without end": ("[pipeline]\nstats_s = inf", "pipeline.stats_s: .* got inf"),
    "no number in a list": ("[[zones]]\npolygon = [[0, nan]]", r"zones\[0\].polygon\[0\]\[1\]: .* got nan"),
    "huge number": ("[pipeline]\nstats_s = 1e300", "pipeline.stats_s: .* got 1e.300"),
    "huge whole number": ("[pipeline]\nmax_batch = 1" + "0" * 300, "pipeline.max_batch: .* got one of 997 bits"),
    "number of too many digits": ("a = " + "9" * 5000, "a number with too many digits"),
    "deep key": ("\n" + "a." * 20_000 + "a = 1", "a key of more than 16 parts in line 2"),
    "deep key in quotes": ('\'a\'."b\\"".' * 9 + "a = 1", "a key of more than 16 parts in line 1"),
    "deep section": ("[" + "a . " * 20_000 + "a]", "a key of more than 16 parts in line 1"),
    "deep key in a table": ("x = {b = 1, " + "a." * 20_000 + "a = 1}", "a key of more than 16 parts in line 1"),
    "deep lists": ("a = " + "[" * 100_000, "deeper than can be read"),
    "deep tables": ("a = " + "{a = " * 50_000, "deeper than can be read"),
    "deep lists that end": ("zones = " + "[" * 400 + "]" * 400, "zones"),
    "date": ("[pipeline]\nstats_s = 2020-01-01", "pipeline.stats_s: expected `float`, got `date`"),
    "key of two lines": ('"a\\nb" = 1', r"unknown key"),
    "word of two lines": (
        '[mqtt]\nprotocol = "4\\n2"',
        r"mqtt.protocol: '4\\n2' is none of its words; there are 3.1.1, 5, auto",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_one_sentence_with_its_place(mistake):
    text, words = MISTAKES[mistake]
    with pytest.raises(ConfigError, match=words) as told:
        parse_config(text, where="my.toml")
    assert str(told.value).startswith("my.toml")
    assert "\n" not in str(told.value)


def test_a_missing_file_names_the_verb_that_writes_one(tmp_path):
    with pytest.raises(ConfigError, match="edgepose config init"):
        load_config(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config(path)


def test_a_byte_order_mark_is_passed_over(tmp_path):
    path = tmp_path / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbfrules = []")
    assert load_config(path).rules == ()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(b"#" * 300_000), "longer than 256 KiB"),
        (lambda path: path.mkdir(), "cannot be read: is a directory"),
    ],
    ids=["long", "folder"],
)
def test_a_file_that_is_no_configuration_is_refused_before_it_is_read(tmp_path, make, words):
    path = tmp_path / "other.toml"
    make(path)
    with pytest.raises(ConfigError, match=words):
        load_config(path)


def test_a_name_that_no_file_can_have_is_refused():
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config("a\0b")


def test_damaged_files_are_refused_in_one_sentence():
    """Five hundred of them: bytes of a whole configuration changed, cut out or doubled."""
    whole = as_toml(Config(sources=(SourceEntry(uri="a.mp4"),)))
    random = Random(0)
    n_refused = 0
    for _ in range(500):
        text = whole
        for _ in range(random.randint(1, 4)):
            at, length = random.randrange(len(text)), random.randint(0, 30)
            new = random.choice(["", text[at : at + length] * 2, random.choice("\0\n\"'[]{}=.,#-+0919e\u20ac")])
            text = text[:at] + new + text[at + length :]
        try:
            parse_config(text)
        except ConfigError as error:
            n_refused += 1
            assert "\n" not in str(error)
    assert n_refused > 50


FIRST_VERSION = """
rules = ["fall", "posture"]
[model]
path = "edgepose-nano"
height = 256
[model.backend]
name = "onnxruntime"
threads = 2
[[sources]]
uri = "rtsp://camera.lan/stream"
name = "hall"
transport = "udp"
reader = "av"
stall_s = 5.0
[pipeline]
max_batch = 2
stats_s = 5.0
[decode]
peak_threshold = 0.1
min_keypoints = 5
[tracking]
max_gap_s = 1.0
[[zones]]
name = "bed"
policy = "bed"
camera = "hall"
polygon = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]
[fall]
sensitivity = 0.6
confirm_s = 3.0
[mqtt]
url = "mqtt://broker.lan"
device = "jetson"
protocol = "auto"
skeletons = false
[jsonl]
path = "/var/lib/edgepose/night.jsonl"
append = true
[video]
path = ""
crf = 30
"""
"""As people wrote it for version 0.1.0 on 2026-11-30."""


def test_a_configuration_of_the_first_version_is_read():
    config = parse_config(FIRST_VERSION)
    assert config.zones[0].camera == config.sources[0].name == "hall"
    assert (config.fall.confirm_s, config.jsonl.append, config.model.backend.threads) == (3.0, True, 2)
