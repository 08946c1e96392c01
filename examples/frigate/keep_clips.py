"""A fall that EdgePose reports becomes an event of Frigate, which keeps the recording and shows it in its review.

    .venv/bin/python examples/frigate/keep_clips.py [BROKER[:PORT]] [http://frigate:5000]

Cameras have the same name in both. Frigate's event begins with the alert (its own `pre_capture` seconds are kept, too)
and ends with it; a drill is no event. Frigate's port 5000 asks for no password: let only this machine reach it.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import paho.mqtt.client as mqtt


class Clips:
    """Opens and closes events of Frigate; `api` is its address, such as http://frigate:5000."""

    def __init__(self, api: str) -> None:
        self.api = api.rstrip("/") + "/api/events"
        self._events: dict[str, str] = {}

    def take(self, alert: dict[str, Any]) -> None:
        """Act on one alert; OSError where Frigate does not answer or refuses, ValueError or KeyError otherwise."""
        identity = alert["id"]
        if alert["drill"]:
            return
        if alert["type"] == "end":
            if identity in self._events:
                self._ask("PUT", f"/{quote(self._events.pop(identity))}/end", {})
        elif alert["severity"] == "critical" and identity not in self._events:
            event = {"sub_label": alert["event_type"], "score": alert["score"], "duration": None}
            answer = self._ask("POST", f"/{quote(alert['cam'])}/fall/create", {**event, "include_recording": True})
            self._events[identity] = answer["event_id"]

    def _ask(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        request = Request(self.api + path, json.dumps(body).encode(), headers, method=method)
        with urlopen(request, timeout=10) as answer:
            said: dict[str, Any] = json.load(answer)
        return said


def main(broker: str = "localhost", api: str = "http://localhost:5000") -> None:
    host, _, port = broker.partition(":")
    clips = Clips(api)
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)

    def on_message(client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        alert = json.loads(message.payload)
        try:
            clips.take(alert)
        except (OSError, ValueError, LookupError) as error:
            print(f"frigate keeps no clip of {alert['event_type']} at {alert['cam']}: {error}", file=sys.stderr)

    client.on_connect = lambda client, *_: client.subscribe("edgepose/v1/+/cam/+/alert", qos=1)
    client.on_subscribe = lambda *_: print("listening", flush=True)
    client.on_message = on_message
    try:
        client.connect(host, int(port or 1883))
    except OSError as error:
        sys.exit(f"no broker answers at {host}:{port or 1883} ({error}); give its address: BROKER[:PORT]")
    client.loop_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
