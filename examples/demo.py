"""The main job on a real video: people become skeletons and events at a subscriber on a real MQTT broker.

    .venv/bin/python examples/demo.py people.avi

Starts mosquitto on a loopback port where none answers, subscribes, runs `edgepose run` on the video, and ends with
numbers and the path of an annotated video. `./install.sh demo` runs this after installing what it needs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

OUT = Path("out/demo")
DEVICE = f"demo-{os.getpid()}"
CONFIG = """
rules = ["fall", "posture", "gesture", "activity"]

[model]
height = 384  # people in the sample clip are an eighth of the picture high; the default of 256 sees few of them

[[sources]]
uri = {video}
name = "clip"

[mqtt]
device = {device}
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("video", type=Path, help="a video of people")
    parser.add_argument("--model", help="network to use (default: the one EdgePose ships)")
    parser.add_argument("--max-frames", type=int, default=300, help="end after so many frames (default: 300)")
    args = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    with broker() as port, Listener(port) as listener:
        print(f"listening  .venv/bin/edgepose mqtt watch --url mqtt://127.0.0.1:{port}   shows the same", flush=True)
        started = time.monotonic()
        report = run(args.video, args.model, args.max_frames, port)
        seconds = time.monotonic() - started
        listener.wait_for_end()
    if report is None:
        return 1
    print(f"video      {args.video}: {report['frames']} frames, {report['people_frames']} of them with people")
    print(f"people     {len(listener.people)} followed, {listener.n_most} at most in one frame")
    print(f"speed      {report['fps']:.1f} frames per second ({seconds:.0f} s with start-up)")
    print(f"events     {words(report['events']) or 'none'}")
    print(f"messages   {sum(listener.counts.values())} received: {words(listener.counts)}")
    print(f"see        {OUT / 'people.mp4'} (annotated video), {OUT / 'people.jsonl'} (every result)")
    if not listener.counts["skeleton"]:
        print("demo: no skeleton reached the subscriber", file=sys.stderr)
        return 1
    return 0


def run(video: Path, model: str | None, max_frames: int, port: int) -> dict | None:
    """`edgepose run` with everything switched on; its report, or None after it said why there is none."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write(CONFIG.format(video=json.dumps(str(video.resolve())), device=json.dumps(DEVICE)))
        config.flush()
        command = [sys.executable, "-m", "edgepose", "run", "--json", "--config", config.name]
        command += ["--max-frames", str(max_frames)]
        command += ["--mqtt", f"mqtt://127.0.0.1:{port}", "--jsonl", str(OUT / "people.jsonl")]
        command += ["--save-video", str(OUT / "people.mp4")] + (["--model", model] if model else [])
        finished = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    return None if finished.returncode else json.loads(finished.stdout)


def words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


class Listener:
    """A subscriber that counts messages by the last word of their topic, and the people in them."""

    def __init__(self, port: int) -> None:
        self.counts: Counter[str] = Counter()
        self.people: set[int] = set()
        self.n_most = 0
        self._topics: set[str] = set()
        self._ended = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(f"edgepose/v1/{DEVICE}/#", qos=1)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)

    def _on_message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        if not message.payload:  # our own clearing of a retained topic
            return
        self._topics.add(message.topic)
        kind = message.topic.rsplit("/", 1)[1]
        self.counts[kind] += 1
        if kind == "skeleton":
            people = json.loads(message.payload)["p"]
            self.people |= {person["i"] for person in people}
            self.n_most = max(self.n_most, len(people))
            if sys.stderr.isatty():
                print(f"\r{self.counts[kind]} frames with people, {len(people)} now ", end="\r", file=sys.stderr)
        elif message.topic.count("/") == 3 and message.payload in (b"stopped", b"offline"):
            self._ended.set()

    def wait_for_end(self) -> None:
        """Until the device said goodbye, a second at most."""
        self._ended.wait(1.0)

    def __enter__(self) -> Listener:
        self._client.loop_start()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave nothing retained on a broker that is not ours."""
        for topic in self._topics:
            self._client.publish(topic, b"", qos=1, retain=True).wait_for_publish(1.0)
        self._client.disconnect()
        self._client.loop_stop()


@contextlib.contextmanager
def broker() -> Iterator[int]:
    """Port of a broker on this machine: the one that answers on 1883, else one of our own while it is needed."""
    if answers(1883):
        print("broker     the one on port 1883", flush=True)
        yield 1883
        return
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        sys.exit("demo: needs mosquitto, which is not installed; ./install.sh demo installs it")
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
        config.write(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
        config.flush()
        Path(config.name).chmod(0o644)
        process = subprocess.Popen([program, "-c", config.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 5
            while not answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"demo: mosquitto did not start on port {port}")
                time.sleep(0.05)
            print(f"broker     mosquitto started on port {port}", flush=True)
            yield port
        finally:
            process.terminate()
            process.wait()


def answers(port: int) -> bool:
    """Whether a broker lets an unnamed MQTT v5 client in there."""
    connect = b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x00"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(connect)
            answer = connection.recv(4)
    except OSError:
        return False
    return len(answer) == 4 and answer[0] == 0x20 and answer[3] == 0


def free_port() -> int:
    """1883 where it is free, else any other."""
    for port in (1883, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise OSError("no free port")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the broker and the run end with us
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
