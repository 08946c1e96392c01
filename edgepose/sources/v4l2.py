"""USB and other V4L2 cameras, `v4l2:///dev/video0`, through OpenCV's V4L2 reader."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path

from edgepose.errors import SourceError
from edgepose.sources.live import LiveSource
from edgepose.sources.options import SourceOptions
from edgepose.sources.reader import Reader
from edgepose.sources.uri import DEVICE, camera_name, local_path, shown


class V4l2Source(LiveSource):
    """One V4L2 camera. Width, height and rate are asked of it; it answers with the nearest it has."""

    def __init__(self, uri: str, options: SourceOptions | None = None) -> None:
        options = options or SourceOptions()
        device = device_path(uri)
        name = camera_name(options.name, uri)
        label = f"camera '{name}' ({device})"
        super().__init__(name, label, partial(connect, device, label, options), options)


def device_path(uri: str) -> Path:
    """Device of an address. Raises SourceError unless it is named like a camera's device."""
    device = local_path(uri)
    if not DEVICE.match(str(device)):
        raise SourceError(f"{shown(uri)!r} is no V4L2 camera; write v4l2:///dev/video0 or v4l2:///dev/v4l/by-id/NAME")
    return device


def connect(device: Path, label: str, options: SourceOptions) -> Reader:
    """The opened camera. Raises SourceError that says whether it is missing, not permitted, or in use."""
    try:
        mode = device.stat().st_mode
    except OSError:
        there = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*"))) or "no camera at all"
        raise SourceError(f"{label} is not there; this machine has {there}; is it plugged in?") from None
    if not stat.S_ISCHR(mode):
        raise SourceError(f"{label} is not a camera device")
    if not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(f"{label} may not be opened by this user; add it to the group: sudo usermod -aG video $USER")
    from edgepose.sources import cv_reader

    return cv_reader.open_v4l2(str(device), label, options)
