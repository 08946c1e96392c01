"""One of several processors that share the alerts of a fleet: each alert is handled by one of them, and once.

    .venv/bin/python examples/fleet/processor.py [URL] [--group NAME]

On mosquitto several processors of one group share the alerts ($share); with a persistent session none is lost while one
restarts. A device sends an alert again when it does not know that it arrived: what was handled is known by the device,
the boot of its machine and the alert's number. Never share the alerts of a pager: each pager must get every one.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections import deque
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


class Once:
    """Whether an alert is new, by device, boot and number; the newest `n` are remembered."""

    def __init__(self, n: int = 100_000) -> None:
        self._order: deque[tuple[str, str, int]] = deque()
        self._known: set[tuple[str, str, int]] = set()
        self._n = n

    def is_new(self, alert: dict) -> bool:
        key = alert["device"], alert.get("boot", ""), alert["seq"]
        if key in self._known:
            return False
        self._known.add(key)
        self._order.append(key)
        if len(self._order) > self._n:
            self._known.discard(self._order.popleft())
        return True


def handle(alert: dict) -> None:
    """What your system does with an alert; here it is printed."""
    print(alert["device"], alert["cam"], alert["event_type"], alert["seq"], flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("url", nargs="?", default="mqtt://localhost:1883")
    parser.add_argument("--group", default="", help="share the alerts with others of this name (mosquitto)")
    parser.add_argument("--id", default="processor-1", help="name of this one's session on the broker")
    args = parser.parse_args()
    place, once = urlsplit(args.url), Once()
    topic = f"$share/{args.group}/" * bool(args.group) + "edgepose/v1/+/cam/+/alert"
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, args.id, protocol=mqtt.MQTTv5, manual_ack=True)
    keep = Properties(PacketTypes.CONNECT)
    keep.SessionExpiryInterval = 3600

    def on_message(client, userdata, message) -> None:
        try:
            alert = json.loads(message.payload)
            if once.is_new(alert):
                handle(alert)
        except (ValueError, KeyError, TypeError):
            print(f"not an alert on {message.topic}", file=sys.stderr)
        client.ack(message.mid, message.qos)  # only now: an alert that nobody handled comes again

    client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
    client.on_subscribe = lambda *_: print("listening", file=sys.stderr, flush=True)
    client.on_message = on_message
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: client.disconnect())
    client.connect(place.hostname, place.port or 1883, clean_start=False, properties=keep)
    client.loop_forever()


if __name__ == "__main__":
    main()
