"""Whether the clock follows a time server: of the kernel, and of timedated where a filter forbids asking the kernel."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgepose import clock


def kernel(monkeypatch: pytest.MonkeyPatch, state: int) -> None:
    library = SimpleNamespace(adjtimex=lambda timex: state)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)


def timedated(monkeypatch: pytest.MonkeyPatch, folder: Path, words: str) -> Path:
    """A timedatectl on the path that notes that it was asked."""
    program = folder / "timedatectl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\n{words}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(clock, "_timedated", clock._Timedated())
    return folder / "asked"


@pytest.mark.parametrize(("state", "synced"), [(0, True), (1, True), (5, False)])
def test_the_kernel_is_asked_first(monkeypatch: Any, tmp_path: Path, state: int, synced: bool) -> None:
    asked = timedated(monkeypatch, tmp_path, "echo no")
    kernel(monkeypatch, state)
    assert clock.is_synced() is synced and not asked.exists()


@pytest.mark.parametrize(("words", "synced"), [("echo yes", True), ("echo no", False), ("exit 1", False)])
def test_timedated_is_asked_where_the_filter_forbids_the_kernel(
    monkeypatch: Any, tmp_path: Path, words: str, synced: bool
) -> None:
    asked = timedated(monkeypatch, tmp_path, words)
    kernel(monkeypatch, -1)
    assert [clock.is_synced() for _ in range(5)] == [synced] * 5
    assert asked.read_text() == "show --property=NTPSynchronized --value\n"


def test_where_nobody_can_be_asked_the_clock_counts_as_not_set(monkeypatch: Any, tmp_path: Path) -> None:
    timedated(monkeypatch, tmp_path, "")
    kernel(monkeypatch, -1)
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert clock.is_synced() is False


def test_a_timedated_that_hangs_is_not_waited_for_long(monkeypatch: Any, tmp_path: Path) -> None:
    timedated(monkeypatch, tmp_path, "exec sleep 20")
    kernel(monkeypatch, -1)
    monkeypatch.setattr(clock._Timedated, "_FIRST_S", 0.2)
    begun = time.monotonic()
    assert clock.is_synced() is False and time.monotonic() - begun < 8
