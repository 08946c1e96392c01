"""What a frame with ten people costs the thread that publishes: build, encode and enqueue its messages.

Nothing is connected: what is measured ends where the message waits for the thread that speaks to the broker.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from statistics import median

import numpy as np

from edgepose.bench import Figure, Material
from edgepose.encoding import encode
from edgepose.errors import PublishError
from edgepose.publish import Publisher, open_publisher
from edgepose.publish.mqtt.messages import skeletons
from edgepose.publish.options import MqttOptions
from edgepose.types import FrameResult, Pose, Track

N_PEOPLE = 10
N_CALLS = 2000


def measure(material: Material) -> list[Figure]:
    """Milliseconds per frame: all of `MqttPublisher.publish`, and within it building and encoding the skeletons."""
    result = crowd()
    publisher: Publisher = open_publisher("mqtt", MqttOptions(url="mqtt://127.0.0.1:9", close_timeout_s=0.1))
    try:
        publish_ms = _median_ms(lambda: publisher.publish(result))
    finally:
        with suppress(PublishError):
            publisher.close()
    encode_ms = _median_ms(lambda: encode(skeletons(result, result.tracks, 0, {}, 0)))
    return [
        Figure("publish_10_people_ms", round(publish_ms, 4), "ms", at_most=0.10),
        Figure("publish_10_people_encode_ms", round(encode_ms, 4), "ms"),
    ]


def crowd() -> FrameResult:
    """A frame with ten complete people."""
    rng = np.random.default_rng(0)
    tracks = []
    for person in range(N_PEOPLE):
        keypoints = np.column_stack([rng.uniform(0, 640, (18, 2)), rng.uniform(0.5, 1, 18)]).astype(np.float32)
        tracks.append(Track(person + 1, Pose(keypoints, 0.8), 0.0))
    return FrameResult("bench", 0, 0.0, (640, 360), tuple(tracks))


def _median_ms(call: Callable[[], object]) -> float:
    times = []
    for _ in range(N_CALLS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return median(times) * 1e3
