"""The dashboard: a page, and every result as a server-sent event."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from urllib.request import urlopen

import pytest
from example_kit import running

SOURCE = "synthetic://?people=1&fps=20&frames=100000&live=true"


@pytest.mark.skipif(not (find_spec("openvino") or find_spec("onnxruntime")), reason="no runtime for networks")
def test_a_browser_is_given_a_page_and_then_skeletons_as_they_are_seen(tmp_path):
    with running("dashboard.py", SOURCE, 0, folder=tmp_path) as lines:
        (url,) = re.findall(r"http://127.0.0.1:\d+/", lines[0])
        page = urlopen(url, timeout=60).read().decode()
        assert "EventSource" in page and "limbs = [[" in page
        with urlopen(f"{url}results", timeout=60) as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            first, empty = stream.readline().decode(), stream.readline()
    result = json.loads(first.removeprefix("data: "))
    assert result["schema"] == "edgepose.frame/1" and empty == b"\n"
    assert result["size_wh"] and isinstance(result["tracks"], list)
