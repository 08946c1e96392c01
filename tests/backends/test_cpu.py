"""Which CPUs keep the sums of INT8 products whole."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from edgepose.backends import cpu


def told(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch, machine: str = "x86_64") -> bool:
    monkeypatch.setattr(cpu.platform, "machine", lambda: machine)
    (folder / "cpuinfo").write_text(text)
    return cpu.int8_is_whole.__wrapped__(folder / "cpuinfo")


@pytest.mark.parametrize(
    ("flags", "machine", "whole"),
    [
        ("flags : fma avx2", "x86_64", False),
        ("flags : avx2 avx512f avx512_vnni", "x86_64", True),
        ("flags : avx2 avx_vnni", "x86_64", True),
        ("Features : fp asimd asimddp", "aarch64", True),
        ("", "x86_64", True),
    ],
    ids=["AVX2 alone", "AVX-512 VNNI", "AVX VNNI", "ARM", "unknown"],
)
def test_x86_without_vnni_cuts_sums_off(tmp_path, monkeypatch, flags, machine, whole):
    assert told(tmp_path, flags, monkeypatch, machine) is whole


@pytest.mark.parametrize(("whole", "said"), [(False, 1), (True, 0)])
def test_an_int8_model_on_such_a_cpu_is_warned_of(monkeypatch, caplog, whole, said):
    pytest.importorskip("openvino")
    from edgepose.backends import open_backend
    from edgepose.model import shipped_model

    monkeypatch.setattr("edgepose.backends.openvino.int8_is_whole", lambda: whole)
    with caplog.at_level(logging.WARNING, "edgepose"):
        open_backend(shipped_model().with_suffix(".int8.onnx")).close()
        open_backend(shipped_model()).close()
    assert sum("cuts sums" in message for message in caplog.messages) == said
