"""Peak memory of `edgepose run` with the replay backend, in a process of its own: what EdgePose needs by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from edgepose.bench import Figure, Material
from edgepose.bench.film import film
from edgepose.errors import EdgePoseError

SYNTHETIC = "synthetic://?people=5&width=768&height=576&frames=300"
"""As large as the video that the figure is wanted for, where that is not given."""

N_FRAMES = 300

_SCRIPT = """
import sys
from edgepose.cli import main
code = main(sys.argv[1:])
status = open("/proc/self/status").read()
print("VmHWM", status.split("VmHWM:")[1].split()[0], file=sys.stderr)
sys.exit(code)
"""


def measure(material: Material) -> list[Figure]:
    """Highest resident memory in MB; of the Python process with numpy alone beside it."""
    with TemporaryDirectory() as folder:
        _, recording = film(Path(folder))
        arguments = ["run", "--source", material.video or SYNTHETIC, "--model", str(recording), "--backend", "replay"]
        arguments += ["--max-frames", str(N_FRAMES), "--json"]
        run_mb = _peak_mb(_SCRIPT, arguments)
    numpy_mb = _peak_mb(_SCRIPT.replace("from edgepose.cli import main", "import numpy; main = lambda words: 0"), [])
    return [
        Figure("run_replay_rss_mb", round(run_mb, 1), "MB", at_most=80),
        Figure("numpy_rss_mb", round(numpy_mb, 1), "MB"),
    ]


def _peak_mb(script: str, arguments: list[str]) -> float:
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise EdgePoseError(f"edgepose run failed while its memory was measured: {done.stderr.strip()[-300:]}")
    return int(done.stderr.split("VmHWM")[-1]) / 1024
