"""What the source tests share: readers to try, pictures by number, software elements, an RTSP server."""

from __future__ import annotations

import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

SYSTEM_PYTHON = "/usr/bin/python3"
SYSTEM_PACKAGES = "/usr/lib/python3/dist-packages"

READERS = [
    pytest.param("av", marks=pytest.mark.skipif(not find_spec("av"), reason="PyAV is not installed")),
    "opencv",
]

DECODERS = ("openh264dec", "avdec_h264")
"""Elements that decode H.264 on any machine: of gstreamer1.0-plugins-bad and of gstreamer1.0-libav."""


def picture(number: int, size_wh: tuple[int, int] = (160, 120)) -> np.ndarray:
    """A grey picture whose brightness says its number, 10 + 5 n."""
    return np.full((size_wh[1], size_wh[0], 3), 10 + 5 * number, np.uint8)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RtspServer:
    """A server on loopback that can be killed and started again on the same port."""

    def __init__(self, *arguments: str) -> None:
        self.port = free_port()
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        script = Path(__file__).with_name("rtsp_server.py")
        words = [SYSTEM_PYTHON, str(script), str(self.port), *self._arguments]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            _, said = self._process.communicate()
            pytest.skip(f"needs {SYSTEM_PYTHON} with gir1.2-gst-rtsp-server-1.0: {said.strip().splitlines()[-1:]}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def uri(self, path: str = "cam", credentials: str = "") -> str:
        return f"rtsp://{credentials}127.0.0.1:{self.port}/{path}"
