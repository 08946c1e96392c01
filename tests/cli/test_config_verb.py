import json

import pytest

from edgepose.cli import main
from edgepose.config import load_config
from edgepose.decode import GroupOptions
from edgepose.device import found


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Nothing is looked for in the network, and no broker of this machine is taken."""
    monkeypatch.setattr(found, "network_cameras", list)
    monkeypatch.setattr(found, "broker", str)


def test_init_writes_a_file_that_check_accepts(tmp_path, capsys):
    path = tmp_path / "edgepose.toml"
    assert main(["config", "init", str(path), "--source", "synthetic://", "--mqtt", "mqtt://localhost"]) == 0
    assert path.stat().st_mode & 0o777 == 0o600, "it may hold passwords"
    assert main(["config", "check", str(path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sources"] == ["synthetic://"]
    assert report["mqtt"] == "mqtt://localhost"


def test_init_does_not_write_through_a_link(tmp_path):
    target, path = tmp_path / "target", tmp_path / "edgepose.toml"
    path.symlink_to(target)
    assert main(["config", "init", str(path)]) == 1
    assert main(["config", "init", str(path), "--force"]) == 0
    assert not target.exists() and not path.is_symlink()


HALL = '[[sources]]\nuri = "synthetic://?people=1&frames=2"\nname = "hall"\n'

UNUSABLE = {
    "no source": ("", "no source to read"),
    "missing video": ('[[sources]]\nuri = "{here}/none.mp4"\n', "no file '{here}/none.mp4'"),
    "empty folder": ('[[sources]]\nuri = "{here}"\n', "{here}"),
    "camera address": ('[[sources]]\nuri = "rtsp://anna:to#p@cam"\n', "is no RTSP address"),
    "camera device": ('[[sources]]\nuri = "v4l2:///dev/null"\n', "is no V4L2 camera"),
    "camera number": ('[[sources]]\nuri = "csi://first"\n', "is no CSI camera"),
    "unknown scheme": ('[[sources]]\nuri = "rstp://cam/1"\n', "did you mean rtsp://?"),
    "camera name": ('[[sources]]\nuri = "synthetic://"\nname = "a/b"\n', "a camera name has"),
    "same name twice": (HALL + HALL, "two sources are named 'hall'"),
    "zone of no camera": (
        HALL + '[[zones]]\nname = "bed"\ncamera = "hal"\npolicy = "bed"\npolygon = [[0, 0], [1, 0], [1, 1]]\n',
        "zone 'bed' belongs to camera 'hal', but there are only hall",
    ),
    "unknown rule": ('rules = ["fal"]\n' + HALL, "no rules named 'fal'"),
    "missing model": (HALL + '[model]\npath = "{here}/none.onnx"\n', "none.onnx"),
    "unknown backend": (HALL + '[model.backend]\nname = "onxruntime"\n', "onxruntime"),
    "broker scheme": (HALL + '[mqtt]\nurl = "http://broker"\n', "found the scheme 'http'"),
    "broker port": (HALL + '[mqtt]\nurl = "mqtt://broker:0"\n', "port"),
    "password with a hash": (HALL + '[mqtt]\nurl = "mqtt://anna:to#p@broker"\n', "%23"),
    "missing password": (HALL + '[mqtt]\nurl = "mqtt://a@b"\npassword_file = "{here}/pw"\n', "cannot be read: No such"),
    "password of others": (
        HALL + '[mqtt]\nurl = "mqtt://a@b"\npassword_file = "{here}/open"\n',
        "others may change it (mode 0666); keep it at 0600",
    ),
    "missing certificates": (HALL + '[mqtt]\nurl = "mqtts://b"\nca_file = "{here}/ca.pem"\n', "mqtt.ca_file"),
    "recording in a file": (HALL + '[jsonl]\npath = "{here}/open/r.jsonl"\n', "not a directory"),
    "recording that is a folder": (HALL + '[jsonl]\npath = "{here}"\n', "is a directory"),
    "recording that is a link": (HALL + '[jsonl]\npath = "{here}/link"\n', "it is a link"),
    "video without ending": (HALL + '[video]\npath = "{here}/video"\n', "needs an ending such as .mp4"),
    "video of no format": (HALL + '[video]\npath = "{here}/video.xyz"\n', "use an ending such as .mp4"),
    "video of a format without H.264": (HALL + '[video]\npath = "{here}/v.webm"\n', "use an ending such as .mp4"),
    "window without display": (HALL + "[show]\nenabled = true\n", "--show needs"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_check_refuses_what_run_refuses_in_the_same_words(tmp_path, capsys, monkeypatch, case):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    if case.startswith("video of"):
        pytest.importorskip("av")
    (tmp_path / "open").touch()
    (tmp_path / "open").chmod(0o666)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    text, words = (one.replace("{here}", str(tmp_path)) for one in UNUSABLE[case])
    path = tmp_path / "edgepose.toml"
    path.write_text(text if "[model]" in text or "[model." in text else text + '[model]\npath = "edgepose-nano"\n')
    before = sorted(tmp_path.iterdir())
    assert main(["config", "check", str(path)]) == 1
    out, checked = capsys.readouterr()
    assert words in checked and checked.count("\n") == 1 and out == ""
    assert sorted(tmp_path.iterdir()) == before, "check makes nothing"
    assert main(["run", "--config", str(path)]) == 1
    assert capsys.readouterr().err == checked


def test_check_passes_over_a_password_that_only_the_service_is_given(tmp_path):
    path = tmp_path / "edgepose.toml"
    path.write_text(HALL + '[mqtt]\nurl = "mqtt://a@b"\npassword_file = "/run/credentials/edgepose.service/none"\n')
    assert main(["config", "check", str(path)]) == 0


def test_check_passes_over_a_key_that_only_the_service_is_given(tmp_path):
    path, certificate = tmp_path / "edgepose.toml", tmp_path / "device.pem"
    certificate.write_text("no certificate")
    files = f'cert_file = "{certificate}"\nkey_file = "/run/credentials/edgepose.service/key"\n'
    path.write_text(HALL + f'[mqtt]\nurl = "mqtts://a@b"\n{files}')
    assert main(["config", "check", str(path)]) == 0
    path.write_text(HALL + f'[mqtt]\nurl = "mqtts://a@b"\ncert_file = "{certificate}"\n')
    assert main(["config", "check", str(path)]) == 1


def test_check_asks_no_camera_and_no_broker(tmp_path, capsys):
    path = tmp_path / "edgepose.toml"
    path.write_text(
        '[[sources]]\nuri = "rtsp://127.0.0.1:9/stream"\n[[sources]]\nuri = "v4l2:///dev/video77"\n'
        f'[mqtt]\nurl = "mqtt://127.0.0.1:9"\n[jsonl]\npath = "{tmp_path}/new/r.jsonl"\n'
        f'[video]\npath = "{tmp_path}/new/v.mp4"\n'
    )
    assert main(["config", "check", str(path)]) == 0
    assert list(tmp_path.iterdir()) == [path]


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
