"""An example that is started wrongly says in a sentence what it wants."""

from __future__ import annotations

import subprocess
import sys

import pytest
from example_kit import EXAMPLES
from real_broker import free_port


@pytest.mark.parametrize(
    ("name", "words", "says"),
    [
        ("dashboard.py", [], "give a source"),
        ("movenet_falls.py", ["movenet.onnx"], "give a model and a video"),
        ("onvif_metadata.py", ["127.0.0.1:PORT"], "no broker answers at 127.0.0.1:"),
        ("frigate/keep_clips.py", ["127.0.0.1:PORT"], "no broker answers at 127.0.0.1:"),
    ],
)
def test_what_is_missing_is_one_sentence(name, words, says):
    if name == "movenet_falls.py":
        pytest.importorskip("onnxruntime")
    given = [word.replace("PORT", str(free_port())) for word in words]
    done = subprocess.run([sys.executable, EXAMPLES / name, *given], capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and says in done.stderr
