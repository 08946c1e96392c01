"""The Frigate companion: its restream in, entities of Home Assistant out, and a clip in Frigate of each fall."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import yaml
from example_kit import EXAMPLES, alert, running
from real_broker import wait_for

from edgepose.config import load_config
from edgepose.publish.mqtt.discovery import messages
from edgepose.publish.mqtt.topics import Topics

HERE = EXAMPLES / "frigate"


class Frigate:
    """What Frigate's API was asked; it names the events that it makes event-1, event-2, ..."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict]] = []
        frigate = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                frigate.asked.append((self.command, self.path, body))
                answer = json.dumps({"success": True, "event_id": f"event-{len(frigate.asked)}"}).encode()
                self.send_response(404 if "attic" in self.path else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_PUT = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def frigate():
    one = Frigate()
    yield one
    one.close()


def test_every_camera_is_frigates_restream_of_the_same_name():
    theirs = yaml.safe_load((HERE / "frigate.yml").read_text())
    services = yaml.safe_load((HERE / "compose.yml").read_text())["services"]
    config = load_config(HERE / "edgepose.toml")
    assert {source.name for source in config.sources} == set(theirs["cameras"]) == set(theirs["go2rtc"]["streams"])
    for source in config.sources:
        assert source.uri == f"rtsp://frigate:8554/{source.name}" and "frigate" in services
    assert config.mqtt.url == f"mqtt://{theirs['mqtt']['host']}:1883" and theirs["mqtt"]["host"] in services
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        for volume in service["volumes"]:
            assert not volume.startswith(".") or (HERE / volume.split(":")[0]).is_file()


def test_home_assistant_is_offered_a_fall_of_every_camera():
    config = load_config(HERE / "edgepose.toml")
    names = [source.name for source in config.sources]
    said = messages(Topics(config.mqtt.device), config.mqtt.discovery, names, ["seen", "helped", "false_alarm"])
    for name in names:
        components = said[f"homeassistant/device/edgepose_edgepose/{name}/config"]["components"]
        assert {"fall", "occupancy", "helped"} <= set(components)


def test_a_fall_is_one_event_of_frigate_from_the_alert_to_its_end(broker, client, frigate):
    with running("frigate/keep_clips.py", f"127.0.0.1:{broker.port}", frigate.url):
        for one in (
            alert("fall_suspected"),
            alert("fall_confirmed", "update"),
            alert("long_lie", "update"),
            alert("recovered", "end"),
        ):
            client.say("jetson/cam/hall/alert", one)
        assert wait_for(lambda: len(frigate.asked) == 2)
    (made, ended) = frigate.asked
    event = {"sub_label": "fall_confirmed", "score": 0.71, "duration": None, "include_recording": True}
    assert made == ("POST", "/api/events/hall/fall/create", event)
    assert ended == ("PUT", "/api/events/event-1/end", {})


def test_a_drill_is_no_event_and_a_camera_that_frigate_lacks_is_said(broker, client, frigate):
    with running("frigate/keep_clips.py", f"127.0.0.1:{broker.port}", frigate.url) as lines:
        client.say("jetson/cam/hall/alert", alert(drill=True))
        client.say("jetson/cam/attic/alert", alert(cam="attic"))
        assert wait_for(lambda: "attic" in "".join(lines[1:]))
    assert [path for _, path, _ in frigate.asked] == ["/api/events/attic/fall/create"]
    assert "no clip of fall_confirmed at attic" in lines[-1]
