#!/usr/bin/python3
"""The part of systemctl that install.sh uses, for a root folder without systemd: it starts the unit's ExecStart as the
unit's user, waits until that says READY on a socket of its own, and knows whether it still runs."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

RUN = Path("/run/fake-systemd")
UNITS = Path("/etc/systemd/system")
READY_S = 60.0


def setting(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", (UNITS / unit).read_text(), re.MULTILINE)


def pid_of(unit: str) -> int:
    try:
        pid = int((RUN / f"{unit}.pid").read_text())
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        return 0
    return 0 if state == "Z" else pid


def stop(unit: str) -> None:
    pid = pid_of(unit)
    if pid:
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 10
        while pid_of(unit) and time.monotonic() < end:
            time.sleep(0.05)


def start(unit: str) -> int:
    if not setting(unit, "ExecStart"):
        (RUN / f"{unit}.active").touch()
        return 0
    command = shlex.split(setting(unit, "ExecStart")[0])
    folders = {"STATE_DIRECTORY": "/var/lib", "CACHE_DIRECTORY": "/var/cache", "RUNTIME_DIRECTORY": "/run"}
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    for line in setting(unit, "Environment"):
        environment |= dict(word.split("=", 1) for word in shlex.split(line))
    for name, parent in folders.items():
        for folder in setting(unit, name.title().replace("_", "")):
            place = Path(parent) / folder
            place.mkdir(mode=0o700, exist_ok=True)
            subprocess.run(["chown", "edgepose:edgepose", place], check=True)
            environment[name] = str(place)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        address = RUN / f"notify-{os.getpid()}"
        manager.bind(str(address))
        address.chmod(0o666)
        environment["NOTIFY_SOCKET"] = str(address)
        log = (RUN / f"{unit}.log").open("ab")
        child = subprocess.Popen(
            ["setpriv", "--reuid", "edgepose", "--regid", "edgepose", "--init-groups", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
        (RUN / f"{unit}.pid").write_text(str(child.pid))
        if setting(unit, "Type") != ["notify"]:
            return child.wait()
        manager.settimeout(0.2)
        end = time.monotonic() + READY_S
        while time.monotonic() < end and child.poll() is None:
            try:
                if manager.recv(4096).startswith(b"READY=1"):
                    return 0
            except TimeoutError:
                continue
        child.terminate()
        print(f"Job for {unit} failed.", file=sys.stderr)
        return 1


def main(words: list[str]) -> int:
    RUN.mkdir(exist_ok=True)
    verb, units = words[0], [word for word in words[1:] if not word.startswith("-") and word != "NRestarts"]
    units = [unit if "." in unit else f"{unit}.service" for unit in units]
    with (RUN / "calls").open("a") as calls:
        calls.write(" ".join(words) + "\n")
    if verb == "show":
        print(0)
    elif verb in ("is-active", "is-enabled"):
        there = [(RUN / f"{unit}.enabled").exists() for unit in units]
        there = [pid_of(unit) > 0 or (RUN / f"{unit}.active").exists() for unit in units] if verb[3] == "a" else there
        return 0 if all(there) else 3
    elif verb == "enable":
        for unit in units:
            (RUN / f"{unit}.enabled").touch()
    elif verb == "disable":
        for unit in units:
            stop(unit)
            for kind in ("enabled", "active"):
                (RUN / f"{unit}.{kind}").unlink(missing_ok=True)
    elif verb in ("stop", "restart", "start"):
        codes = []
        for unit in units:
            if verb != "start":
                stop(unit)
            if verb != "stop" and not pid_of(unit):
                codes.append(start(unit))
        return max(codes, default=0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
