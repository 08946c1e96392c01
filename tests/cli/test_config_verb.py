import json

import pytest

from edgepose.cli import main
from edgepose.config import load_config
from edgepose.decode import GroupOptions


def test_init_writes_a_file_that_check_accepts(tmp_path, capsys):
    path = str(tmp_path / "edgepose.toml")
    assert main(["config", "init", path, "--source", "a.mp4", "--mqtt", "mqtt://localhost"]) == 0
    assert main(["config", "check", path, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sources"] == ["a.mp4"]
    assert report["mqtt"] == "mqtt://localhost"


def test_init_keeps_an_existing_file_unless_forced(tmp_path, capsys):
    path = tmp_path / "edgepose.toml"
    path.write_text("rules = []")
    assert main(["config", "init", str(path)]) == 1
    assert "--force" in capsys.readouterr().err
    assert path.read_text() == "rules = []"
    assert main(["config", "init", str(path), "--force"]) == 0
    assert load_config(path).sources


def test_check_names_the_nearest_key_and_exits_1(tmp_path, capsys):
    path = tmp_path / "edgepose.toml"
    path.write_text("[decode]\npeak_treshold = 1")
    assert main(["config", "check", str(path)]) == 1
    assert "did you mean 'peak_threshold'" in capsys.readouterr().err


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["toml", "json"])
def test_show_keeps_passwords_to_itself(tmp_path, capsys, form):
    path = tmp_path / "edgepose.toml"
    path.write_text('[[sources]]\nuri = "rtsp://me:hush@cam/1"\n[mqtt]\nurl = "mqtt://me:hush@broker"')
    assert main(["config", "show", str(path), *form]) == 0
    out = capsys.readouterr().out
    assert "broker" in out
    assert "hush" not in out


def test_schema_describes_the_keys(capsys):
    assert main(["config", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$defs"]["GroupOptions"]["properties"]["peak_threshold"]["default"] == GroupOptions().peak_threshold
