"""What a maintainer needs to see of a device in trouble, in one file without secrets, pictures or skeletons."""

from __future__ import annotations

import io
import platform
import subprocess
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from edgepose.config import Config, load_config
from edgepose.config.text import toml_value
from edgepose.device.check import Check
from edgepose.device.records import open_records
from edgepose.device.standing import standing
from edgepose.device.telemetry import open_telemetry
from edgepose.files import write_atomically
from edgepose.redaction import HIDDEN, redact, shown

SERVICE_CONFIG = Path("/etc/edgepose/edgepose.toml")
UNIT = "edgepose.service"
LINES = 2000
"""Newest lines of the journal that are taken along."""

_JOURNAL_S = 20.0


def write_bundle(target: Path, checks: Sequence[Check], config_file: Path | None = None) -> list[str]:
    """Write the parts as a .tar.gz of mode 0600; their names. A part that cannot be had says why in its place.

    config_file: None takes the service's, where there is one. FileError where the file cannot be written.
    """
    parts: dict[str, Callable[[], str]] = {
        "doctor.json": lambda: _json(checks),
        "versions.json": lambda: _json(_versions()),
        "edgepose.toml": lambda: scrubbed_toml(load_config(config_file or SERVICE_CONFIG)),
        "status.json": lambda: redact(_json(standing())),
        "spool.json": lambda: _json(_spool(load_config(config_file or SERVICE_CONFIG))),
        "telemetry.json": lambda: _json(_board()),
        "journal.txt": _journal,
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, make in parts.items():
            try:
                content = make().encode()
            except Exception as error:  # whatever is wrong there is what the bundle is for
                name, content = f"{name}.missing", redact(f"{type(error).__name__}: {error}\n").encode()
            entry = tarfile.TarInfo(f"edgepose-bundle/{name}")
            entry.size, entry.mtime, entry.mode = len(content), int(time.time()), 0o600
            archive.addfile(entry, io.BytesIO(content))
        names = [Path(name).name for name in archive.getnames()]
    write_atomically(target, packed.getvalue(), 0o600)
    return names


def scrubbed_toml(config: Config) -> str:
    """The configuration as TOML with every address shown without what is secret in it, and no value of a plugin."""
    values = _scrubbed(msgspec.to_builtins(config))
    values["plugins"] = {name: dict.fromkeys(table, HIDDEN) for name, table in config.plugins.items()}
    if config.webhook.url:  # whoever knows a webhook's path can post there
        values["webhook"]["url"] = f"{urlsplit(config.webhook.url).scheme}://{HIDDEN}"
    return "\n".join(_toml(values)) + "\n"


def _scrubbed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _scrubbed(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrubbed(one) for one in value]
    return shown(redact(value)) if isinstance(value, str) else value


def _toml(values: Mapping[str, Any], path: str = "") -> list[str]:
    plain = {key: one for key, one in values.items() if not _is_table(one)}
    lines = [f"{key} = {toml_value(one)}" for key, one in plain.items()]
    for key, one in values.items():
        for table in one if isinstance(one, list) and _is_table(one) else [one] if _is_table(one) else []:
            name = f"{path}{key}"
            lines += ["", f"[[{name}]]" if isinstance(one, list) else f"[{name}]", *_toml(table, f"{name}.")]
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


def _versions() -> dict[str, Any]:
    there = {one.metadata["Name"]: one.version for one in metadata.distributions()}
    return {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "packages": dict(sorted(there.items())),
    }


def _spool(config: Config) -> dict[str, Any]:
    """How much waits and what became of incidents, in numbers; of the service, or of the file that it left."""
    records = open_records(None, config.alerts, config.mqtt)
    waiting, _ = records.waiting(n=1)
    incidents = records.incidents(1000)
    stages = Counter(one.stage for one in incidents)
    return {
        "place": records.place,
        "service_runs": records.is_running,
        "waiting": waiting,
        "incidents": stages,
        "open": sum(one.closed is None for one in incidents),
    }


def _board() -> Any:
    telemetry = open_telemetry()
    try:
        return telemetry.read()
    finally:
        telemetry.close()


def _journal() -> str:
    command = ["journalctl", "--unit", UNIT, "--lines", str(LINES), "--no-pager", "--output", "short-iso"]
    found = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_JOURNAL_S, check=True)
    return "".join(f"{redact(line)}\n" for line in found.stdout.splitlines())


def _json(content: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=1).decode()
