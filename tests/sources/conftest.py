"""Videos made on the spot, GStreamer where the system has it, and RTSP servers on loopback."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import pytest
from sources_kit import DECODERS, SYSTEM_PACKAGES, SYSTEM_PYTHON, RtspServer, picture

from edgepose.sources.gst_reader import Elements, gstreamer


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty frames of Motion JPEG at 10 fps; frame n has brightness 10 + 5 n."""
    path = tmp_path_factory.mktemp("video") / "room.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    for number in range(40):
        writer.write(picture(number))
    writer.release()
    return path


@pytest.fixture(scope="session")
def gst() -> Any:
    """The Gst module. In an environment that does not see the system's packages they are put behind its own."""
    if not find_spec("gi") and Path(SYSTEM_PACKAGES, "gi").is_dir():
        sys.path.append(SYSTEM_PACKAGES)
        importlib.invalidate_caches()
    try:
        return gstreamer()
    except ImportError as error:
        pytest.skip(f"needs GStreamer for this Python: {error}")


@pytest.fixture(scope="session")
def software(gst: Any) -> Elements:
    """Elements of any machine in place of the board's; what decodes may be missing, see `software_decoder`."""
    for factory in ("videotestsrc", "videoconvert"):
        if gst.ElementFactory.find(factory) is None:
            pytest.skip(f"needs GStreamer's {factory} (gstreamer1.0-plugins-base)")
    decoder = next((name for name in DECODERS if gst.ElementFactory.find(name)), "")
    return Elements(camera="videotestsrc", decoder=decoder, converter="videoconvert", memory="")


@pytest.fixture(scope="session")
def software_decoder(software: Elements) -> Elements:
    if not software.decoder:
        pytest.skip("needs an H.264 decoder for GStreamer (gstreamer1.0-plugins-bad or -libav)")
    return software


@pytest.fixture
def rtsp_server() -> Iterator[Callable[..., RtspServer]]:
    """Starts servers; all are ended after the test."""
    servers: list[RtspServer] = []

    def start(*arguments: str) -> RtspServer:
        servers.append(RtspServer(*arguments))
        servers[-1].start()
        return servers[-1]

    if not Path(SYSTEM_PYTHON).exists():
        pytest.skip(f"needs {SYSTEM_PYTHON} with gir1.2-gst-rtsp-server-1.0")
    yield start
    for server in servers:
        server.kill()
