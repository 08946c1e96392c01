"""What `config init` finds: cameras that capture, network cameras that answer, a broker."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path

import pytest

from edgepose.cli import main
from edgepose.config import load_config
from edgepose.device import found

CAPTURE, METADATA, OF_NODE = 0x1, 0x00800000, 0x80000000
MATCH = (
    b"<s:Envelope><s:Body><d:ProbeMatches><d:ProbeMatch><d:XAddrs>http://%s/onvif/device_service "
    b"http://[fe80::1]/onvif</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
)


def capability(driver: bytes, own: int) -> bytes:
    return struct.pack("16s32s32sII I3I", driver, b"card", b"bus", 0, CAPTURE | OF_NODE, own, 0, 0, 0)


def test_cameras_have_names_that_stay_and_their_other_half_is_none(tmp_path: Path):
    nodes = {
        "video0": capability(b"uvcvideo", CAPTURE),
        "video1": capability(b"uvcvideo", METADATA),
        "video2": capability(b"tegra-video", CAPTURE),
        "video10": capability(b"tegra-video", CAPTURE),
        "video3": None,
    }
    for name in nodes:
        (tmp_path / name).touch()
    names = tmp_path / "v4l/by-id"
    names.mkdir(parents=True)
    (names / "usb-Maker_Camera-video-index0").symlink_to(tmp_path / "video0")

    def ask(node: Path) -> bytes:
        if nodes[node.name] is None:
            raise PermissionError
        return nodes[node.name]

    usb = f"v4l2://{names}/usb-Maker_Camera-video-index0"
    assert found.cameras(tmp_path, ask) == [usb, "csi://0", "csi://1"]
    assert found.cameras(tmp_path) == []  # plain files are no cameras


@pytest.mark.parametrize(
    "answer", [b"", b"\x00" * 100, b"<XAddrs>nothing</XAddrs>", b"<d:XAddrs>http://", b"<" * 60_000]
)
def test_what_is_no_answer_names_no_host(answer: bytes):
    assert found.hosts_in(answer) == []


def test_a_network_camera_answers_a_call(monkeypatch):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as camera:
        camera.bind(("127.0.0.1", 0))
        monkeypatch.setattr(found, "_CALL_TO", camera.getsockname())

        def answer() -> None:
            call, caller = camera.recvfrom(4096)
            assert b"NetworkVideoTransmitter" in call
            for content in (MATCH % b"10.0.0.7:8080", b"something else", MATCH % b"10.0.0.7:8080"):
                camera.sendto(content, caller)

        answering = threading.Thread(target=answer)
        answering.start()
        assert found.network_cameras(0.5) == ["10.0.0.7", "[fe80::1]"]
        answering.join()


def test_init_writes_down_what_is_found(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(found, "cameras", lambda: ["v4l2:///dev/video0"])
    monkeypatch.setattr(found, "network_cameras", lambda: ["10.0.0.7"])
    monkeypatch.setattr(found, "broker", lambda: "mqtt://localhost")
    path = tmp_path / "edgepose.toml"
    assert main(["config", "init", str(path)]) == 0
    config = load_config(path)
    assert [one.uri for one in config.sources] == ["v4l2:///dev/video0"] and config.mqtt.url == "mqtt://localhost"
    assert "rtsp://USER:PASSWORD@10.0.0.7" in path.read_text()
    said = capsys.readouterr().err
    assert "source v4l2:///dev/video0" in said and "network camera at 10.0.0.7" in said
