"""Text that every encoding takes."""

from __future__ import annotations

import json
import os

import pytest

from edgepose.files import encodable


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("plain", "plain"),
        ("Zürich 東", "Zürich 東"),
        (os.fsdecode(b"M\xfcnchen"), "M\\xfcnchen"),
        (json.loads('"\\ud800"'), "\\ud800"),
        ({os.fsdecode(b"\xff"): [1, (os.fsdecode(b"\xfe"),)]}, {"\\xff": [1, ["\\xfe"]]}),
    ],
)
def test_names_that_are_no_utf8_become_escapes(given: object, wanted: object) -> None:
    assert encodable(given) == wanted
    json.dumps(encodable(given), ensure_ascii=False).encode()
