import msgspec
import pytest
from reference_pages import FOLDER, PAGES, wanted

from edgepose.config import Config, SourceEntry, parse_config
from edgepose.config.load import all_keys, section
from edgepose.config.text import as_markdown, as_toml, described

CONFIG = parse_config(
    """
rules = ["fall"]
[[sources]]
uri = 'rtsp://10.0.0.2/"quoted"'
[[sources]]
uri = "b.mp4"
name = "hall"
[[zones]]
name = "bed"
policy = "bed"
camera = "hall"
polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
[mqtt]
url = "mqtt://localhost"
"""
)


@pytest.mark.parametrize("only_changed", [False, True])
@pytest.mark.parametrize("config", [Config(), CONFIG], ids=["defaults", "own"])
def test_reading_what_was_written_gives_the_same_configuration(config, only_changed):
    assert parse_config(as_toml(config, only_changed=only_changed)) == config


def test_a_file_to_start_from_leaves_defaults_commented_out():
    lines = as_toml(Config(sources=(SourceEntry(uri="a.mp4"),)), only_changed=True).splitlines()
    assert [line for line in lines if line and not line.startswith(("#", "["))] == ['uri = "a.mp4"']


def structs(cls=Config):
    yield cls
    for field in msgspec.structs.fields(cls):
        if section(field) is not None:
            yield from structs(section(field))


def test_every_key_has_a_sentence():
    silent = [
        f"{cls.__name__}.{field.name}"
        for cls in structs()
        for field in msgspec.structs.fields(cls)
        if len(described(field)) < 5
    ]
    assert silent == []


def test_every_key_of_the_tree_is_in_the_tables():
    text = as_markdown()
    assert all(f"`{key.split('.')[-1]}`" in text for key in all_keys())


@pytest.mark.parametrize("page", PAGES)
def test_a_reference_page_is_what_the_options_say(page):
    text = (FOLDER / page).read_text(encoding="utf-8")
    assert text.endswith(f"\n\n{wanted(page)}"), "write it anew: python tests/config/reference_pages.py"


def test_every_section_is_on_one_reference_page():
    listed = [name for names in PAGES.values() for name in names]
    below = [field.encode_name for field in msgspec.structs.fields(Config) if section(field) is not None]
    assert sorted(listed) == sorted(["", *below])


def test_keys_that_were_listed_are_not_listed_again():
    text = as_markdown()
    assert text.count("The keys of `[[fall.zones]]`.") == 3
    assert text.count("| `polygon` |") == 2  # of [[zones]], which have a camera, and of [[fall.zones]]
