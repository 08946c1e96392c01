"""What starting costs: `import edgepose` and `edgepose --help` beside `import numpy`, each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from edgepose.bench import Figure, Material

ROUNDS = 15
HEAVY = ("cv2", "paho", "openvino", "onnxruntime", "torch", "tensorrt", "rich")
"""Libraries that only the module that uses them may import, when it is chosen."""

_COMMANDS = {
    "numpy": ["-c", "import numpy"],
    "import": ["-c", "import edgepose"],
    "help": ["-m", "edgepose", "--help"],
}


def measure(material: Material) -> list[Figure]:
    """Medians, taken in turn so that a busy moment touches all alike, as ratios to numpy alone."""
    seconds: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for _ in range(ROUNDS):
        for name, arguments in _COMMANDS.items():
            seconds[name].append(_seconds(arguments))
    ms = {name: median(values) * 1e3 for name, values in seconds.items()}
    heavy = heavy_modules("import edgepose") | heavy_modules(SHOW_HELP)
    return [
        Figure("import_numpy_ms", round(ms["numpy"], 1), "ms"),
        Figure("import_edgepose_ms", round(ms["import"], 1), "ms"),
        Figure("help_ms", round(ms["help"], 1), "ms"),
        Figure("import_ratio", round(ms["import"] / ms["numpy"], 2), at_most=1.6),
        Figure("help_ratio", round(ms["help"] / ms["numpy"], 2), at_most=2.2),
        Figure("heavy_modules_loaded", len(heavy), at_most=0),
    ]


def _seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


SHOW_HELP = """
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()):
    from edgepose.cli import main
    main(["--help"])
"""


def heavy_modules(code: str) -> set[str]:
    """Which of HEAVY are loaded after a fresh interpreter has run `code`."""
    script = f"{code}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}} & set({HEAVY!r}))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(done.stdout.split())
