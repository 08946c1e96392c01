"""People and falls as ONVIF metadata in JSON over MQTT, for a video management system that reads Profile M.

    .venv/bin/python examples/onvif_metadata.py [HOST[:PORT]]

Each skeleton message becomes a frame on `edgepose/onvif-mj/VideoAnalytics/<cam>/EdgePose`: a Human with its box, and
what the body does in HumanBody/Behaviour/Activity, in the words of ONVIF's humanbody.xsd (bd:HumanActivity). Fallen is
whoever has an open alert of a confirmed fall, a long lie or a person found down, until the alert ends.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from typing import Any

import paho.mqtt.client as mqtt

ACTIVITIES = {"standing": "Standing", "sitting": "Sitting", "crouching": "Squatting"}
"""ONVIF's word for a posture of ours; Other for the rest."""

FALLEN = {"fall_confirmed", "long_lie", "found_down"}


class Falls:
    """Who has fallen, by camera: the track of each open alert."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, int | None]] = {}

    def take(self, alert: dict[str, Any]) -> None:
        """Note an alert; a drill is nobody, and an end closes what it belongs to."""
        if alert["type"] == "end" or alert["drill"]:
            self._open.pop(alert["id"], None)
        elif alert["event_type"] in FALLEN or alert["id"] in self._open:
            self._open[alert["id"]] = alert["cam"], alert["track_id"]

    def of(self, camera: str) -> set[int | None]:
        """Ids of the tracks that have fallen at one camera."""
        return {track for where, track in self._open.values() if where == camera}


def frame_of(skeletons: dict[str, Any], fallen: set[int | None]) -> dict[str, Any]:
    """One skeleton message as ONVIF's frame: coordinates from -1 to 1, x to the right, y upwards."""
    width, height = skeletons["w"], skeletons["h"]
    moment = datetime.fromtimestamp(skeletons["t"] / 1000, timezone.utc)
    frame = {"@UtcTime": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "@Source": "EdgePose"}
    return {"Frame": [{**frame, "Object": [_object(person, width, height, fallen) for person in skeletons["p"]]}]}


def _object(person: dict[str, Any], width: int, height: int, fallen: set[int | None]) -> dict[str, Any]:
    x0, y0, x1, y1 = person["b"]
    left, right = (round(2 * (x + 0.5) / width - 1, 4) for x in (x0, x1))
    top, bottom = (round(1 - 2 * (y + 0.5) / height, 4) for y in (y0, y1))
    activity = "Fallen" if person["i"] in fallen else ACTIVITIES.get(person.get("st", ""), "Other")
    shape = {
        "BoundingBox": {"@left": left, "@top": top, "@right": right, "@bottom": bottom},
        "CenterOfGravity": {"@x": round((left + right) / 2, 4), "@y": round((top + bottom) / 2, 4)},
    }
    human = {"Type": [{"@Likelihood": person["s"], "#text": "Human"}]}
    appearance = {"Shape": shape, "Class": human, "HumanBody": {"Behaviour": {"Activity": activity}}}
    return {"@ObjectId": person["i"], "Appearance": appearance}


def main(address: str = "localhost") -> None:
    host, _, port = address.partition(":")
    falls = Falls()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)

    def on_message(client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        *_, camera, kind = message.topic.split("/")
        payload = json.loads(message.payload)
        if kind == "alert":
            falls.take(payload)
        else:
            frame = json.dumps(frame_of(payload, falls.of(camera)))
            client.publish(f"edgepose/onvif-mj/VideoAnalytics/{camera}/EdgePose", frame)

    topics = [("edgepose/v1/+/cam/+/alert", 1), ("edgepose/v1/+/cam/+/skeleton", 0)]
    client.on_connect = lambda client, *_: client.subscribe(topics)
    client.on_subscribe = lambda *_: print("listening", flush=True)
    client.on_message = on_message
    try:
        client.connect(host, int(port or 1883))
    except OSError as error:
        sys.exit(f"no broker answers at {host}:{port or 1883} ({error}); give its address: HOST[:PORT]")
    client.loop_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
