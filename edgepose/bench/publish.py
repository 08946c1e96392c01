"""What publishing costs the group thread: one frame of people into a skeleton message that is handed to paho."""

from __future__ import annotations

import logging
import socket
import statistics
import threading
import time
from contextlib import suppress
from typing import Any

import numpy as np

from edgepose.publish.mqtt import MqttPublisher
from edgepose.publish.options import MqttOptions
from edgepose.types import FrameResult, Pose, Track


def measure_publish(n_people: int = 10, n_frames: int = 1000) -> dict[str, Any]:
    """Milliseconds to build, encode and enqueue one frame of `n_people`, against a broker that takes everything.

    Each message is written out before the next is timed, as between two frames of a camera. publish_ms is the median;
    publish_best_ms the tenth percentile, for machines that have other work to do.
    """
    people = tuple(_person(i) for i in range(n_people))
    times_ms = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_swallow, args=(server,), daemon=True).start()
        publisher = MqttPublisher(MqttOptions(url=f"mqtt://127.0.0.1:{server.getsockname()[1]}", close_timeout_s=0.1))
        publisher.open({})
        while not publisher.connected:
            time.sleep(0.01)
        for seq in range(n_frames):
            result = FrameResult("bench", seq, time.monotonic(), (1280, 720), people)
            started = time.perf_counter()
            publisher.publish(result)
            times_ms.append((time.perf_counter() - started) * 1e3)
            while publisher.busy:
                time.sleep(0)
        dropped = publisher.dropped
        logging.disable(logging.WARNING)  # the peer leaves without a goodbye
        publisher.close()
        logging.disable(logging.NOTSET)
    return {
        "people": n_people,
        "publish_ms": statistics.median(times_ms),
        "publish_best_ms": sorted(times_ms)[n_frames // 10],
        "dropped": dropped,
    }


def _person(i: int) -> Track:
    random = np.random.default_rng(i)
    keypoints = np.column_stack([random.uniform(0, 700, (18, 2)), random.uniform(0.3, 1, 18)]).astype(np.float32)
    return Track(i + 1, Pose(keypoints, 0.8), 0.0)


def _swallow(server: socket.socket) -> None:
    """A broker's side of one connection: welcomes an MQTT v5 client and reads whatever comes."""
    with suppress(OSError):
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"\x20\x03\x00\x00\x00")
            while connection.recv(65536):
                pass
