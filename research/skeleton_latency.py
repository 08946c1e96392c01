"""Capture to skeleton at a subscriber in another process, through a real broker on the loopback, in parts.

Live sources show the same ten people from memory at 15 frames per second each, the network waits 12 ms a batch as one
on a GPU does, the fall rule runs, and mosquitto carries what is published. A frame begins at the moment its camera had
it; it ends when a subscriber in a process of its own has read its message. `beyond_ms` is that without the network's
12 ms.

    chrt -f 10 python research/skeleton_latency.py --cameras 1 8 --seconds 20 --turns 3

Real-time priority, because other work on the machine would be measured else; it needs root.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from eight_cameras import FPS, WAIT_MS, Camera

from edgepose.backends import BackendOptions, open_backend
from edgepose.bench.film import film
from edgepose.config import Config
from edgepose.pipeline import Pipeline
from edgepose.publish.mqtt.publisher import MqttPublisher
from edgepose.publish.options import MqttOptions
from edgepose.types import FrameResult

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from real_broker import Mosquitto

LISTENER = """
import json, sys, time
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
came = []
def take(client, _, message):
    at = time.monotonic()
    if message.topic.endswith("/skeleton"):
        came.append((message.topic.split("/")[-2], message.payload, at))
    elif message.topic.endswith("/status") and message.payload == b"stopped":
        client.disconnect()
client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
client.on_message = take
client.on_subscribe = lambda *_: print("ready", flush=True)
client.connect("127.0.0.1", int(sys.argv[1]))
client.subscribe("edgepose/v1/#", 0)
client.loop_forever()
print(json.dumps([(name, json.loads(payload)["seq"], at) for name, payload, at in came]))
"""
"""Decodes nothing before the end, so that its own work delays no arrival."""


class Timed:
    """An MqttPublisher that notes when each frame was given to it, and when it let the caller go on."""

    def __init__(self, url: str) -> None:
        self.inner = MqttPublisher(MqttOptions(url=url, device="bench"))
        self.parts: dict[tuple[str, int], dict[str, float]] = {}
        self.sent: dict[tuple[str, int], tuple[float, float]] = {}

    def publish(self, result: FrameResult) -> None:
        given = time.monotonic()
        self.inner.publish(result)
        left = time.monotonic()
        ms = result.timings_ms
        known = ("preprocess", "infer", "group", "track", "rules")
        parts = {name: ms[name] for name in known}
        parts["infer"] -= WAIT_MS
        parts["capture and queue"] = (given - result.t) * 1e3 - WAIT_MS - sum(parts.values())
        parts["encode"] = (left - given) * 1e3
        self.parts[result.source, result.seq] = parts
        self.sent[result.source, result.seq] = (result.t, left)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def measure(n_cameras: int, seconds: float, size_hw: tuple[int, int]) -> dict[str, Any]:
    """One run: p50 and p99 of the whole way and of its parts, milliseconds; frames, dropped, not arrived."""
    n_frames = int(seconds * FPS)
    with TemporaryDirectory() as folder:
        images, recording = film(Path(folder), size_hw)
        broker = Mosquitto(Path(folder), "allow_anonymous true\nset_tcp_nodelay true").start()
        listener = subprocess.Popen(
            [sys.executable, "-c", LISTENER, str(broker.port)], stdout=subprocess.PIPE, text=True
        )
        assert listener.stdout is not None
        assert listener.stdout.readline() == "ready\n"
        publisher = Timed(broker.url)
        backend = open_backend(recording, BackendOptions(name="replay", wait_ms=WAIT_MS))
        started = time.monotonic() + 1.5
        cameras = [Camera(f"cam{i}", images, started + i / FPS / n_cameras, n_frames) for i in range(n_cameras)]
        dropped = 0
        pipeline = Pipeline(Config(), source=cameras, model=backend, rules=("fall",), publishers=(publisher,))
        with pipeline:
            for result in pipeline:
                dropped += result.dropped
        said = listener.communicate(timeout=20)[0]
        broker.stop()
    came = {(name, seq): at for name, seq, at in json.loads(said)}
    warm = started + 2.0
    counted = [key for key, (t, _) in publisher.sent.items() if t > warm and key in came]
    whole = [(came[key] - publisher.sent[key][0]) * 1e3 - WAIT_MS for key in counted]
    parts = {name: [publisher.parts[key][name] for key in counted] for name in publisher.parts[counted[0]]}
    parts["broker"] = [(came[key] - publisher.sent[key][1]) * 1e3 for key in counted]
    return {
        "cameras": n_cameras, "frames": len(publisher.sent), "load": round(os.getloadavg()[0], 1),
        "dropped": dropped + sum(camera.dropped for camera in cameras), "not_arrived": len(publisher.sent) - len(came),
        "beyond_ms": _quantiles(whole), "parts_ms": {name: _quantiles(values) for name, values in parts.items()},
    }  # fmt: skip


def _quantiles(values: list[float]) -> dict[str, float]:
    return {f"p{q}": round(float(np.percentile(values, q)), 2) for q in (50, 99)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--size", default="368x656", help="height and width of the cameras' pictures")
    args = parser.parse_args()
    sys.setswitchinterval(1e-4)  # as `edgepose run` sets it
    height, width = map(int, args.size.split("x"))
    for _ in range(args.turns):
        for n_cameras in args.cameras:
            print(json.dumps(measure(n_cameras, args.seconds, (height, width))), flush=True)


if __name__ == "__main__":
    main()
