"""Rows of the fault table (research/faults), shortened: what no other test does with real processes and brokers."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SHORT = {
    "copies-of-the-spool": 5,
    "expired-certificate": 1,
    "killed-mid-fall": 1,
    "damaged-spool": 10,
    "hostile-words": 1000,
}
"""Rows and how often their fault is made here; `python research/faults --list` says how often in the table."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_no_alert_is_lost(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    from research.faults.rows import ROWS, UnableError
    from research.faults.table import all_rows

    all_rows()
    row = ROWS[name]
    if row.needs and not shutil.which(row.needs, path=f"{ROOT}:/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin"):
        pytest.skip(f"needs {row.needs}, which is not installed (apt-get install {row.needs})")
    try:
        found = row.run(tmp_path, SHORT[name])
    except UnableError as reason:
        pytest.skip(str(reason))
    assert found.passed, found.figures
    assert found.counts.lost == 0, found.counts
