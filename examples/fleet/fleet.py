"""A small fleet on this machine: three NATS nodes, an edge broker, three devices and a processor. A node is killed.

    .venv/bin/python examples/fleet/fleet.py [--seconds 60]

Needs nats-server and mosquitto (apt-get install nats-server mosquitto). What it starts it ends itself; everything lies
on loopback and in a temporary folder. Printed are the processor's alerts, and at the end how many it got of how many.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
CAMERA = "synthetic://?people=1&width=320&height=240&fps=2&frames=0&live=true&seed={}"


def ports(n: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    found = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return found


def wait_for(port: int, within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nothing answers at port {port}")


class Fleet:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client, self.route, self.mqtt = ports(3), ports(3), ports(3)
        (self.edge,) = ports(1)
        self.running: dict[str, subprocess.Popen] = {}

    def start(self, name: str, *command: str, **more: object) -> subprocess.Popen:
        log = (self.folder / f"{name}.log").open("ab")
        one = subprocess.Popen(command, stdout=more.pop("stdout", log), stderr=log, **more)
        self.running[name] = one
        return one

    def fill(self, template: str, name: str, **words: object) -> str:
        text = (HERE / template).read_text()
        for key, value in words.items():
            text = text.replace(f"@{key}@", str(value))
        target = self.folder / name
        target.write_text(text)
        return str(target)

    def node(self, i: int) -> None:
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self.route)
        words = {"I": i, "CLIENT": self.client[i], "ROUTE": self.route[i], "MQTT": self.mqtt[i], "ROUTES": routes}
        conf = self.fill("node.conf", f"node{i}.conf", DIR=self.folder / f"node{i}", **words)
        self.start(f"node{i}", "nats-server", "-c", conf)

    def up(self) -> None:
        for i in range(3):
            self.node(i)
        for port in self.mqtt:
            wait_for(port)
        time.sleep(3)  # the cluster elects
        nodes = f"127.0.0.1:{self.mqtt[0]} 127.0.0.1:{self.mqtt[1]}"
        conf = self.fill("edge.conf", "edge.conf", EDGE=self.edge, NODES=nodes, NAME="edge-1", DIR=self.folder)
        self.start("edge", shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", conf)
        wait_for(self.edge)
        processor = [sys.executable, str(HERE / "processor.py"), f"mqtt://127.0.0.1:{self.edge}", "--group", "care"]
        self.start("processor", *processor, stdout=None)

    def device(self, k: int) -> None:
        config = self.folder / f"device{k}.toml"
        config.write_text(
            f'rules = ["fall"]\n[[sources]]\nuri = "{CAMERA.format(k)}"\nname = "hall"\n'
            f'[mqtt]\nurl = "mqtt://127.0.0.1:{self.edge}"\ndevice = "device-{k}"\n'
            f'[alerts]\nspool = "{self.folder}/device{k}.db"\n'
        )
        self.start(f"device{k}", sys.executable, "-m", "edgepose", "run", "--config", str(config), env=self.env(k))

    def env(self, k: int) -> dict[str, str]:
        """As a unit of its own would give a device: where its control socket lies."""
        place = self.folder / f"run{k}"
        place.mkdir(mode=0o700, exist_ok=True)
        return {**os.environ, "RUNTIME_DIRECTORY": str(place)}

    def drill(self, k: int) -> None:
        """A drill: one alert that it is confirmed and one that it is over, through everything a fall goes through."""
        command = [sys.executable, "-m", "edgepose", "alert", "test", "--camera", "hall"]
        subprocess.run(command, env=self.env(k), capture_output=True, timeout=60, check=False)

    def drills(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for k in range(3):
                self.drill(k)

    def end(self, which: str = "") -> None:
        """End what was started, or what is called so."""
        for name in [name for name in self.running if name.startswith(which)]:
            one = self.running.pop(name)
            one.terminate()
            try:
                one.wait(10)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    args = parser.parse_args()
    for program in ("nats-server", "mosquitto"):
        if shutil.which(program) is None and not Path(f"/usr/sbin/{program}").exists():
            raise SystemExit(f"{program} is not installed: apt-get install nats-server mosquitto")
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(Path(folder))
        try:
            fleet.up()
            on_cluster = [sys.executable, "-m", "edgepose", "mqtt", "watch", "--json", "--only", "alert"]
            seen = Path(folder) / "cluster.jsonl"
            with seen.open("wb") as out:
                url = f"mqtt://127.0.0.1:{fleet.mqtt[2]}"
                fleet.start("watch", *on_cluster, "--url", url, stdout=out)
                for k in range(3):
                    fleet.device(k)
                fleet.drills(args.seconds / 2)
                print("-- node 0 is killed; the bridge goes on through node 1", flush=True)
                fleet.running["node0"].kill()
                fleet.running["node0"].wait()
                fleet.drills(args.seconds / 2)
                print("-- node 0 is back", flush=True)
                fleet.node(0)
                time.sleep(5)
                fleet.end("device")
                time.sleep(3)  # what is under way arrives
        finally:
            fleet.end()
        alerts = [json.loads(line)["payload"] for line in seen.read_text().splitlines()]
        numbers = {
            name: {one["seq"] for one in alerts if one["device"] == name} for name in {a["device"] for a in alerts}
        }
        for name, got in sorted(numbers.items()):
            print(
                f"{name}: {len(got)} alerts at the cluster, {max(got) + 1 - len(got)} missing of number 0 to {max(got)}"
            )


if __name__ == "__main__":
    main()
