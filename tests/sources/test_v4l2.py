"""V4L2 cameras as far as a machine without one can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepose.errors import SourceError
from edgepose.sources import SourceOptions, open_source
from edgepose.sources.v4l2 import device_path


def test_a_camera_that_is_not_there_says_what_is() -> None:
    with pytest.raises(SourceError, match=r"/dev/video63\) is not there; this machine has"):
        open_source("v4l2:///dev/video63", SourceOptions(open_timeout_s=5))


@pytest.mark.parametrize("uri", ["v4l2:///etc/passwd", "v4l2:///dev/../etc/passwd", "v4l2:///dev/sda", "v4l2://0"])
def test_only_camera_devices_are_opened(uri: str) -> None:
    with pytest.raises(SourceError):
        open_source(uri)


def test_cameras_may_be_named_by_id() -> None:
    assert device_path("v4l2:///dev/v4l/by-id/usb-cam-index0") == Path("/dev/v4l/by-id/usb-cam-index0")


@pytest.mark.parametrize("uri", ["63", "/dev/video63"])
def test_a_number_or_a_device_is_a_camera(uri: str) -> None:
    with pytest.raises(SourceError, match=r"/dev/video63\) is not there"):
        open_source(uri, SourceOptions(open_timeout_s=5))


def test_a_file_that_is_called_by_a_number_is_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "0").write_bytes(b"no video")
    with pytest.raises(SourceError, match="video"):
        open_source("0")
