"""A broker that does not let the device in, or not everywhere, until somebody repairs it; and two devices of one id."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from real_broker import Mosquitto, wait_for

from research.faults.bench import Bench
from research.faults.rows import Found, UnableError, row


def _repaired(bench: Bench, cycles: int, spoil: Callable[[], None], repair: Callable[[], None], **order: Any) -> Found:
    """A device that runs while access is taken away for 3 s and given back, again and again."""
    with bench:
        device = bench.device(rate=20, speed=10, **order)
        for _ in range(cycles):
            spoil()
            time.sleep(3.0)
            repair()
            bench.settle()
        device.end()
        bench.device(rate=0, speed=10, **order)
        return Found(bench.settle())


def _reread(broker: Mosquitto) -> None:
    """Have the broker read its rules and passwords anew."""
    assert broker.process is not None
    os.kill(broker.process.pid, signal.SIGHUP)


@row(cycles=10)
def acl_denied_and_repaired(folder: Path, cycles: int) -> Found:
    """The broker's rules forbid alerts for 3 s (reason 135), then allow them."""
    rules = folder / "acl"
    allowed, denied = "topic readwrite #\n", "topic read #\ntopic write edgepose/v1/+/+\n"
    rules.write_text(allowed)
    rules.chmod(0o644)
    bench = Bench(folder, f"allow_anonymous true\nacl_file {rules}")
    bench.broker.start()
    bench.pager()

    def write(text: str) -> None:
        rules.write_text(text)
        _reread(bench.broker)

    return _repaired(bench, cycles, lambda: write(denied), lambda: write(allowed))


@row(cycles=10, needs="mosquitto_passwd")
def wrong_password(folder: Path, cycles: int) -> Found:
    """The device's password is wrong for 3 s, at the start and after the broker was started again."""
    users = folder / "users"

    def passwords(secret: str) -> None:
        users.write_text(f"device:{secret}\npager:p\n")
        subprocess.run(["mosquitto_passwd", "-U", str(users)], check=True, capture_output=True)
        users.chmod(0o644)

    passwords("another")
    bench = Bench(folder, f"allow_anonymous false\npassword_file {users}")
    bench.broker.start()
    pager = bench.pager(user="pager:p")

    def again(secret: str) -> None:
        bench.broker.stop()
        passwords(secret)
        bench.broker.start()
        assert pager.subscribed.wait(20)

    url = bench.broker.url.replace("://", "://device:s3cret@")
    found = _repaired(bench, cycles, lambda: again("another"), lambda: again("s3cret"), url=url)
    said = "".join("".join(device.errors) for device in bench.devices)
    found.passed &= "s3cret" not in said
    return found


@row(cycles=3, needs="openssl")
def expired_certificate(folder: Path, cycles: int) -> Found:
    """The broker's certificate is out of date, and is replaced by a good one 3 s later."""
    good, old = _certificate(folder, "good", 30), _certificate(folder, "old", -1)
    with Bench(folder) as bench:
        plain = bench.broker  # the pager's way in
        for k in range(cycles):
            secure = bench.another_broker(_tls(plain, old))
            secure.start()
            pager = bench.pager(port=plain.port, client_id=f"pager-{k}", wait=False)
            ca_file = str(folder / "both.pem")
            Path(ca_file).write_text(good[0].read_text() + old[0].read_text())
            device = bench.device(
                rate=20, speed=10, url=secure.url.replace("mqtt:", "mqtts:"), mqtt={"ca_file": ca_file},
                spool=str(folder / f"{k}.db"),
            )  # fmt: skip
            assert wait_for(lambda one=device: one.recorded, 30)  # type: ignore[misc]
            time.sleep(3.0)
            refused = bool(device.recorded) and not device.taken
            secure.stop()
            secure.config = _tls(plain, good)
            secure.start()
            assert pager.subscribed.wait(20)
            bench.settle()
            device.end()
            counts = bench.settle()
            secure.stop()
            if not refused:
                return Found(counts, passed=False, figures={"refused": False})
        return Found(counts)


def _tls(plain: Mosquitto, files: tuple[Path, Path]) -> str:
    """A broker's lines: TLS on its own port, and none on another for the pager."""
    return (
        f"allow_anonymous true\ncertfile {files[0]}\nkeyfile {files[1]}\n"
        f"listener {plain.port} 127.0.0.1\nallow_anonymous true"
    )


def _certificate(folder: Path, name: str, days: int) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key; days: until it is out of date, negative if it is."""
    files = folder / f"{name}.pem", folder / f"{name}.key"
    request, names = folder / f"{name}.csr", folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:TRUE")
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", str(files[1]), "-out", str(request)]
    sign = ["openssl", "x509", "-req", "-in", str(request), "-signkey", str(files[1]), "-out", str(files[0])]
    more = ["-days", str(days), "-extfile", str(names)]
    for command in ([*new, "-subj", f"/CN={name}"], [*sign, *more]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise UnableError(f"openssl makes no such certificate: {done.stderr.strip()[-80:]}")
    return files


@row(cycles=3)
def two_devices_of_one_client_id(folder: Path, cycles: int) -> Found:
    """Two boards of one name and one client id throw each other out for 10 s; both go on."""
    with Bench(folder) as bench:
        bench.broker.start()
        bench.pager()
        for k in range(cycles):
            pair = [bench.device(rate=20, spool=str(folder / f"{k}-{i}.db"), mqtt={}) for i in range(2)]
            time.sleep(10.0)
            assert wait_for(lambda both=pair: all(one.taken for one in both), 20)  # type: ignore[misc]
            for one in pair:
                one.end()
            for i in range(2):
                rest = bench.device(rate=0, spool=str(folder / f"{k}-{i}.db"), mqtt={"client_id": f"rest-{i}"})
                wait_for(lambda: not bench.counts().lost, 20)
                rest.end()
        return Found(bench.settle())
