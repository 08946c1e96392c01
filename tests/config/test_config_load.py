import pytest

from edgepose.config import Config, SourceEntry, load_config, parse_config
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
