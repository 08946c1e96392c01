"""Zones of one camera that were drawn on the page: the only configuration that is ever written from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from edgepose.config import ZoneEntry, parse_config
from edgepose.config.load import fragments_of, load_config
from edgepose.config.text import toml_value
from edgepose.errors import ConfigError, FileError
from edgepose.files import reason, write_atomically
from edgepose.names import slug

MOST = 50
"""Zones of one camera."""

MODE = 0o644
"""The page is root's, and the service that reads the file is not; nothing in it is secret."""


def zones_toml(camera: str, zones: Sequence[dict[str, Any]]) -> str:
    """The zones as TOML, checked as a configuration is; ConfigError in a sentence."""
    if len(zones) > MOST:
        raise ConfigError(f"{len(zones)} zones of one camera are more than the {MOST} there may be")
    lines = ["# Drawn on the page of `edgepose view`, which writes this file anew."]
    for zone in zones:
        lines += ["", "[[zones]]", *_keys(camera, zone)]
    text = "\n".join(lines) + "\n"
    parse_config(text, "the zones")
    return text


def _keys(camera: str, zone: dict[str, Any]) -> Iterator[str]:
    """The lines of one zone; nothing but what a zone has gets into the file."""
    try:
        checked = msgspec.convert({**zone, "camera": camera}, ZoneEntry)
    except msgspec.ValidationError as error:
        raise ConfigError(f"a zone has a name, a policy and a polygon: {error}") from None
    for key, value in msgspec.to_builtins(checked).items():
        yield f"{key} = {toml_value(value)}"


def zone_file(config_file: Path, camera: str) -> Path:
    """Where zones of a camera are kept beside a configuration."""
    folder = "conf.d" if config_file.name == "edgepose.toml" else f"{config_file.stem}.d"
    return config_file.with_name(folder) / f"zones-{slug(camera)}.toml"


def drawn(config_file: Path | None, cameras: Sequence[str]) -> dict[str, list[Any]]:
    """By camera the zones of its file, as plain values; the others are fixed."""
    found: dict[str, list[Any]] = {}
    for camera in cameras if config_file is not None else ():
        path = zone_file(config_file, camera)  # type: ignore[arg-type]
        if path in fragments_of(config_file):  # type: ignore[arg-type]
            found[camera] = msgspec.to_builtins(load_config(path).zones)
    return found


def save(config_file: Path, camera: str, zones: Sequence[dict[str, Any]]) -> Path:
    """Write the zones of a camera beside the configuration, and see that all of it can still be read.

    ConfigError for what is no zone, FileError where the folder takes nothing; then nothing has changed.
    """
    text = zones_toml(camera, zones)
    path = zone_file(config_file, camera)
    before = path.read_bytes() if path.is_file() else None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"the folder '{path.parent}' cannot be made ({reason(error)}); copy the TOML instead") from None
    write_atomically(path, text.encode(), MODE)
    try:
        load_config(config_file)
    except ConfigError:
        if before is None:
            path.unlink()
        else:
            write_atomically(path, before, MODE)
        raise
    return path
