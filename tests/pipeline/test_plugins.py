"""Rules and publishers of others: found by name, made with the options of their table, and harmless when they fail."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from edgepose import Event, Pipeline
from edgepose.config import load_config, parse_config
from edgepose.config.text import as_toml
from edgepose.errors import ConfigError
from edgepose.pipeline.guarded import GuardedPublisher

EXAMPLE = Path(__file__).parents[2] / "examples/plugin"
CLIP = "synthetic://?people=1&width=320&height=240&fps=30&frames=5"


def install(folder: Path, monkeypatch, name: str, group: str, target: str, module: Path) -> None:
    """As pip would: the module, and the folder of metadata that names its entry point."""
    shutil.copy(module, folder)
    info = folder / f"{name}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[edgepose.{group}]\n{name} = {target}\n")
    monkeypatch.syspath_prepend(str(folder))


@pytest.fixture
def chime(tmp_path: Path, monkeypatch) -> None:
    install(tmp_path, monkeypatch, "chime", "publishers", "edgepose_chime:Chime", EXAMPLE / "edgepose_chime.py")


def other(tmp_path: Path, monkeypatch, group: str, code: str) -> None:
    """Installs a plugin `other` made of a few lines."""
    (tmp_path / "src").mkdir()
    module = tmp_path / "src/edgepose_other.py"
    module.write_text(code)
    monkeypatch.delitem(sys.modules, "edgepose_other", raising=False)
    install(tmp_path, monkeypatch, "other", group, "edgepose_other:Other", module)


class Falls:
    """A rule that sees a fall in the third frame."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        self._n = 0

    def update(self, tracks, t: float):
        self._n += 1
        return [Event("fall", "confirmed", t)] if self._n == 3 else []


def test_a_publisher_is_named_in_the_configuration_and_made_with_its_table(chime, capsys):
    config = load_config(EXAMPLE / "edgepose.toml")
    with Pipeline(config, source=CLIP, rules=[Falls]) as pipeline:
        pipeline.run()
    assert capsys.readouterr().err == "somebody fell in synthetic: confirmed\n"


def test_tables_of_plugins_come_back_from_what_is_written():
    config = parse_config(
        'publishers = ["chime"]\n[plugins.chime]\nwords = "a \\"b\\""\nstages = ["x"]\n[plugins.two.deep]\nn = 1.5\n'
    )
    assert parse_config(as_toml(config)) == config


WRONG = {
    "unknown key": ('publishers = ["chime"]\n[plugins.chime]\nword = "x"', "did you mean 'words'"),
    "wrong value": ('publishers = ["chime"]\n[plugins.chime]\nwords = 3', "plugins.chime: Expected `str`"),
    "one of ours": ('publishers = ["mqtt"]', "'mqtt' runs where [mqtt] says so"),
    "not installed": ('publishers = ["bell"]', "no publishers named 'bell'; there are chime"),
}


@pytest.mark.parametrize("text, words", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_before_anything_starts(chime, text: str, words: str):
    with pytest.raises(ConfigError) as found:
        Pipeline(parse_config(text), source=CLIP)
    assert words in str(found.value) and "\n" not in str(found.value)


FAILING = {
    "at its import": ("import nothing_like_that", "publishers plugin 'other' cannot be loaded"),
    "when it is made": (
        "class Other:\n    def __init__(self):\n        raise OSError('no bell')",
        "'other' failed at its start",
    ),
    "with options it has not": ("class Other: ...", "takes no options"),
}


@pytest.mark.parametrize("code, words", FAILING.values(), ids=FAILING.keys())
def test_a_plugin_that_cannot_start_is_named(tmp_path: Path, monkeypatch, code: str, words: str):
    other(tmp_path, monkeypatch, "publishers", code)
    table = "[plugins.other]\nx = 1" if "options" in words else ""
    with pytest.raises(ConfigError, match=words):
        Pipeline(parse_config(f'publishers = ["other"]\n{table}'), source=CLIP)


def test_a_publisher_that_fails_ends_nothing_and_is_said_while_it_does(caplog):
    class Bell:
        broken = True

        def publish(self, result) -> None:
            if self.broken:
                raise ValueError("the bell is gone")

        def open(self, card) -> None: ...

        def close(self) -> None:
            raise OSError("still gone")

    bell = Bell()
    guarded = GuardedPublisher("bell", bell)
    for _ in range(3):
        guarded.publish(None)
    (reason,) = guarded.troubles
    assert reason.code == "plugin_failed" and "'bell'" in reason.hint and "the bell is gone" in reason.hint
    assert caplog.text.count("publisher plugin 'bell' failed") == 1
    bell.broken = False
    guarded.publish(None)
    assert guarded.troubles == () and not hasattr(guarded, "use_desk")
    with Pipeline(source=CLIP, rules=[Falls], publishers=[guarded]) as pipeline:
        assert pipeline.run()["events"] == {"fall.confirmed": 1}


def test_a_rule_that_fails_leaves_the_others_to_judge(tmp_path: Path, monkeypatch, caplog):
    init = "def __init__(self, options, size_wh): ..."
    code = f"class Other:\n    {init}\n    def update(self, tracks, t): raise KeyError('x')"
    other(tmp_path, monkeypatch, "rules", code)
    with Pipeline(parse_config('rules = ["fall", "other"]'), source=CLIP, publishers=()) as pipeline:
        results = list(pipeline)
        scene = pipeline._outlet._judge.troubles()
    assert len(results) == 5
    assert [(camera, one.code) for camera, one in scene] == [("synthetic", "plugin_failed")]
    assert "'other'" in scene[0][1].hint and caplog.text.count("rule plugin 'other' failed") == 1
