"""doctor names what is missing with its fix, and fails only for what everybody needs."""

from __future__ import annotations

import json
import socket
import threading

import pytest
from networks import EXPORTS, write_export

from edgepose.cli import main
from edgepose.device import machine, site


def _named(checks, name):
    return next(check for check in checks if check.name == name)


def test_every_lack_comes_with_a_fix():
    checks = machine.examine("mqtt://localhost:1")
    assert all(check.fix for check in checks if check.status != "ok")
    assert all(not check.fix for check in checks if check.status == "ok")
    assert len({check.name for check in checks}) == len(checks)


def test_a_broker_that_listens_is_ok_and_a_closed_port_is_not():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"mqtt://127.0.0.1:{server.getsockname()[1]}"
        assert _named(machine.examine(url), "MQTT broker").status == "ok"
    closed = _named(machine.examine(url), "MQTT broker")
    assert closed.status == "warn" and "refused" in closed.found and "mosquitto" in closed.fix


@pytest.mark.parametrize("url", ["mqtt://host:notaport", "localhost:1", "mqtt://[::bad"])
def test_an_odd_address_is_a_warning_not_a_crash(url):
    assert _named(machine.examine(url), "MQTT broker").status == "warn"


def test_no_runtime_at_all_fails(monkeypatch):
    monkeypatch.setattr(machine, "_installed", lambda module: module not in ("openvino", "onnxruntime", "tensorrt"))
    check = _named(machine.examine("mqtt://localhost:1"), "CPU runtime")
    assert check.status == "fail" and "pip install openvino" in check.fix


def test_tensorrt_alone_is_enough(monkeypatch):
    monkeypatch.setattr(machine, "_installed", lambda module: module not in ("openvino", "onnxruntime"))
    assert _named(machine.examine("mqtt://localhost:1"), "CPU runtime").status == "warn"


def test_json_holds_every_check_and_the_exit_code_tells_failures(tmp_path, capsys):
    pytest.importorskip("onnx")
    model = write_export(tmp_path / "pose.onnx", EXPORTS["trt_pose"], (64, 96), [])
    code = main(["doctor", "--mqtt", "mqtt://localhost:1", "--model", str(model), "--json"])
    report = json.loads(capsys.readouterr().out)
    assert code == (1 if report["fail"] else 0)
    assert report["ok"] + report["warn"] + report["fail"] == len(report["checks"])
    assert next(check for check in report["checks"] if check["name"] == "model")["status"] == "ok"


def test_a_model_that_is_none_fails_with_its_sentence(tmp_path, capsys):
    (tmp_path / "pose.onnx").write_text("no model")
    assert main(["doctor", "--mqtt", "mqtt://localhost:1", "--model", str(tmp_path / "pose.onnx")]) == 1
    assert "is not an ONNX model" in capsys.readouterr().out


def test_the_engine_is_said_with_what_runs_instead_and_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    assert _named(machine.examine("mqtt://localhost:1"), "engine").status == "ok"
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "edgepose-lite.engine").write_bytes(b"foreign")
    check = _named(machine.examine("mqtt://localhost:1"), "engine")
    assert check.status == "warn" and "none can run here: TensorRT is not usable" in check.found and check.fix


def test_a_clock_and_a_disk_are_looked_at(monkeypatch, tmp_path):
    monkeypatch.setattr(site, "is_synced", lambda: False)
    assert site.clock().status == "warn" and "timedatectl" in site.clock().fix
    monkeypatch.setattr(site, "ROOM_MB", 0)
    assert site.disk(tmp_path / "not/there/yet").status == "ok"
    monkeypatch.setattr(site, "ROOM_MB", 10**9)
    assert "engine gc" in site.disk(tmp_path).fix


def test_a_broker_that_speaks_no_tls_is_told_apart_from_one_that_is_away():
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=lambda: server.accept()[0].sendall(b"no TLS here\r\n" * 3), daemon=True)
        answering.start()
        check = site.broker(f"mqtts://127.0.0.1:{server.getsockname()[1]}")
        answering.join(20)
    assert check.status == "warn" and "does not speak TLS" in check.found and "8883" in check.fix
