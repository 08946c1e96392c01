"""The window: a clear sentence where none can be opened."""

from __future__ import annotations

import pytest

from edgepose.errors import MissingDependencyError, PublishError
from edgepose.publish import open_publisher
from edgepose.publish.options import ShowOptions


def test_no_display_is_said_in_a_sentence(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(PublishError, match="neither DISPLAY nor WAYLAND_DISPLAY"):
        open_publisher("show", ShowOptions(enabled=True))


def test_opencv_without_windows_is_named(monkeypatch):
    cv2 = pytest.importorskip("cv2")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:                           NONE\n")
    with pytest.raises(MissingDependencyError, match="opencv-python in its place"):
        open_publisher("show", ShowOptions(enabled=True))
