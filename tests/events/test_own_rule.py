"""The rule of docs/guides/own-rule.md does what it says."""

from __future__ import annotations

import re
from pathlib import Path

from builders import standing
from people import UP, play, stages, tell

GUIDE = Path(__file__).resolve().parents[2] / "docs/guides/own-rule.md"


def rule():
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.S)
    names: dict[str, type] = {}
    exec(code, names)
    return names["LeaningOut"]()


def test_leaning_out_is_told():
    leaning = standing((300, 400))
    leaning[:8, 0] += 60
    leaning[14:, 0] += 60
    assert set(stages(tell(rule(), play((leaning, 1))))) == {"leaning_out"}


def test_standing_is_not():
    assert tell(rule(), play((UP, 1))) == []
