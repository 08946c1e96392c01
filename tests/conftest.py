"""What every test may use: where the development material lies, if it is there at all."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""PyTorch's small networks gain nothing from more threads, and lose much on a busy machine."""

ROOT = Path(__file__).resolve().parent.parent


def shared_folder() -> Path | None:
    """The folder of development data: EDGEPOSE_SHARED, else ../shared beside the checkout; None where absent."""
    folder = Path(os.environ.get("EDGEPOSE_SHARED", ROOT.parent / "shared"))
    return folder if (folder / "DESIGN.md").is_file() else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """Path of the development data; skips the test where it is absent."""
    folder = shared_folder()
    if folder is None:
        pytest.skip("needs the development data (EDGEPOSE_SHARED), which is not on this machine")
    return folder


def pytest_configure() -> None:
    """Handle one signal before any network runs.

    pytest's faulthandler gives handlers a small stack of their own. Once OpenVINO uses AMX the first handled signal,
    whose call is still to be linked then (11 kB of registers are put aside), overflows it and ends the run.
    """
    before = signal.signal(signal.SIGHUP, lambda *_: None)
    os.kill(os.getpid(), signal.SIGHUP)
    signal.signal(signal.SIGHUP, before)
