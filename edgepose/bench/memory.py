"""Peak memory of `edgepose run` on a video with the replay backend, in a process of its own.

The replay answers without a network, so that what is left is EdgePose, Python and the libraries that read the video.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import cv2

from edgepose.bench import Figure, Material
from edgepose.bench.film import film
from edgepose.config import Config, SourceEntry
from edgepose.config.text import as_toml
from edgepose.errors import EdgePoseError
from edgepose.types import Image

INPUT_HW = (256, 456)
N_FRAMES = 300

_READERS: tuple[tuple[Literal["opencv", "av"], str], ...] = (("opencv", "cv2"), ("av", "av"))

_SCRIPT = """
import sys
from edgepose.cli import main
code = main(sys.argv[1:])
status = open("/proc/self/status").read()
print("VmHWM", status.split("VmHWM:")[1].split()[0], file=sys.stderr)
sys.exit(code)
"""


def measure(material: Material) -> list[Figure]:
    """Highest resident memory in MB, for each library that can read the video; numpy alone beside them."""
    figures = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        images, recording = film(folder, input_hw=INPUT_HW, n_pictures=4)
        video = material.video or str(_video(images, folder / "film.avi"))
        for reader, module in _READERS:
            if find_spec(module) is not None:
                config = folder / f"{reader}.toml"
                config.write_text(as_toml(Config(sources=(SourceEntry(uri=video, reader=reader),))))
                arguments = ["run", "--config", str(config), "--model", str(recording), "--backend", "replay"]
                peak_mb = _peak_mb(_SCRIPT, [*arguments, "--max-frames", str(N_FRAMES), "--json"])
                figures.append(Figure(f"run_replay_{reader}_rss_mb", round(peak_mb, 1), "MB", at_most=80))
    numpy_mb = _peak_mb(_SCRIPT.replace("from edgepose.cli import main", "import numpy; main = lambda words: 0"), [])
    return [*figures, Figure("numpy_rss_mb", round(numpy_mb, 1), "MB")]


def _video(images: Sequence[Image], path: Path) -> Path:
    """A video of 768x576, as large as the one that the figure is wanted for."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (768, 576))
    for seq in range(N_FRAMES):
        writer.write(cv2.resize(images[seq % len(images)], (768, 576)))
    writer.release()
    return path


def _peak_mb(script: str, arguments: list[str]) -> float:
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise EdgePoseError(f"edgepose run failed while its memory was measured: {done.stderr.strip()[-300:]}")
    return int(done.stderr.split("VmHWM")[-1]) / 1024
