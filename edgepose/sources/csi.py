"""CSI cameras of a Jetson, `csi://0`: Argus captures in hardware memory, nvvidconv scales, one copy reaches the CPU."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import partial

from edgepose.errors import SourceError
from edgepose.sources.gst_reader import JETSON, Caps, Elements, GstReader, Part, output_caps, scaler
from edgepose.sources.live import LiveSource
from edgepose.sources.options import SourceOptions
from edgepose.sources.uri import camera_name, shown

DEFAULT_WH = (1280, 720)
"""Picture size where none is wished: what a pose network needs of a room, and 2.25 times less to copy than 1080p."""

_ADDRESS = re.compile(r"^csi://(\d{1,2})/?$", re.IGNORECASE)


class CsiSource(LiveSource):
    """One CSI camera by sensor number. elements: factory names; others than the defaults are for tests."""

    def __init__(self, uri: str, options: SourceOptions | None = None, elements: Elements | None = None) -> None:
        options = options or SourceOptions()
        sensor = sensor_id(uri)
        name = camera_name(options.name, uri)
        label = f"camera '{name}' (csi://{sensor})"
        super().__init__(name, label, partial(connect, sensor, label, options, elements or JETSON), options)


def sensor_id(uri: str) -> int:
    """Sensor number of an address such as csi://0. Raises SourceError."""
    found = _ADDRESS.match(uri)
    if found is None:
        raise SourceError(f"{shown(uri)!r} is no CSI camera; write csi:// and the sensor's number, such as csi://0")
    return int(found.group(1))


def connect(sensor: int, label: str, options: SourceOptions, elements: Elements) -> GstReader:
    """The running camera. Raises SourceError when Argus has no such camera."""
    return GstReader(chain(sensor, options, elements), label, options.open_timeout_s, options.hang_s)


def chain(sensor: int, options: SourceOptions, elements: Elements) -> list[Part | Caps]:
    """Camera, its format in hardware memory, converter, picture in ordinary memory."""
    width, height = options.width or DEFAULT_WH[0], options.height or DEFAULT_WH[1]
    camera = Part(elements.camera, {"sensor-id": sensor} if elements.camera == JETSON.camera else {"is-live": True})
    rate = Fraction(options.fps).limit_denominator(1001)
    return [
        camera,
        Caps(fields={"format": "NV12"}, rate=rate, memory=elements.memory),
        scaler(elements),
        output_caps(width, height),
    ]
