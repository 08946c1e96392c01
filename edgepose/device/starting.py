"""How the service starts and goes on: with cameras that are away, and with a configuration that cannot be used.

A person who types `edgepose run` is told at once what is wrong. A service has nobody to tell: it watches with the last
configuration that worked, and says so in its health; where there is none it ends with exit code 78 (EX_CONFIG), after
which systemd does not start it again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from edgepose.backends.device_key import state_folder
from edgepose.config import Config, load_config
from edgepose.config.text import as_toml
from edgepose.errors import ConfigError, EdgePoseError, FileError, ModelError, SourceError
from edgepose.files import write_atomically

log = logging.getLogger(__name__)

EX_CONFIG = 78

SERVICE_VARIABLES = ("NOTIFY_SOCKET", "EDGEPOSE_SERVICE")
"""One of them is set where EdgePose runs as a service: by systemd, and by hand in a container."""

_OF_THE_CONFIGURATION = (ConfigError, ModelError, SourceError, FileError)

Opened = TypeVar("Opened")


class UnusableConfigError(ConfigError):
    """A service's configuration cannot work, and there is none that did."""


def is_service() -> bool:
    """Whether this process is a service rather than somebody's command."""
    return any(os.environ.get(name) for name in SERVICE_VARIABLES)


def patient(config: Config) -> Config:
    """The configuration in which a camera that is away at the start is waited for, as one that goes away later is."""
    sources = tuple(msgspec.structs.replace(one, require_at_start=False) for one in config.sources)
    return msgspec.structs.replace(config, sources=sources)


def last_good_file(config_file: Path) -> Path:
    """Where the last configuration that worked is kept."""
    return state_folder() / "last-good" / config_file.name


def keep_as_good(config_file: Path, config: Config) -> None:
    """Note that a configuration worked; a disk that takes nothing is logged."""
    try:
        write_atomically(last_good_file(config_file), as_toml(config).encode())
    except EdgePoseError as error:
        log.warning("%s; the configuration that works is not kept", error)


def opened_as_service(config_file: Path, open_one: Callable[[Config], Opened]) -> tuple[Opened, Config, str]:
    """What `open_one` makes of the configuration, else of the last one that worked; that configuration; and why it is
    not the newest, empty where it is.

    Raises UnusableConfigError where neither can be used, and what `open_one` raises for any other reason than the
    configuration.
    """
    try:
        config = patient(load_config(config_file))
        return open_one(config), config, ""
    except _OF_THE_CONFIGURATION as error:
        good = last_good_file(config_file)
        if not good.is_file():
            raise UnusableConfigError(f"{error}; there is no earlier configuration that worked") from None
        why = f"{config_file} cannot be used ({error}): running with the last one that worked"
    try:
        config = patient(load_config(good))
        opened = open_one(config)
    except _OF_THE_CONFIGURATION as error:
        raise UnusableConfigError(f"{why}, which cannot be used either: {error}") from None
    log.error("%s", why)
    return opened, config, why
