"""The guide's own source, read from the guide and opened by its scheme."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

from edgepose.sources import SOURCES, open_source

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "sources.md"


def test_the_source_of_the_guide_works(monkeypatch: pytest.MonkeyPatch) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    code = next(code for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "NoiseSource" in code)
    module = types.ModuleType("mypackage")
    exec(code, module.__dict__)
    monkeypatch.setitem(sys.modules, "mypackage", module)
    source = open_source("noise://", sources={**SOURCES, "noise": "mypackage:NoiseSource"})
    frame = source.read(5)
    assert frame is not None
    assert (frame.source, frame.image.shape, source.state) == ("noise", (120, 160, 3), "online")
    source.close()
