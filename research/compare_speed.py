"""Two networks side by side in OpenVINO, one thread, same size and precision, taking turns: medians and their ratio.

python research/compare_speed.py A.onnx B.onnx [--size 224x320] [--rounds 40]
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from edgepose.backends import BackendOptions, open_backend


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs=2, type=Path)
    parser.add_argument("--size", default="224x320")
    parser.add_argument("--rounds", type=int, default=40)
    args = parser.parse_args()
    hw = tuple(int(word) for word in args.size.split("x"))
    picture = np.random.default_rng(0).uniform(0, 1, (1, 3, *hw)).astype(np.float32)
    report = {}
    for precision in ("f32", "bf16"):
        options = BackendOptions(name="openvino", threads=1, precision=precision)
        backends = [open_backend(model, options) for model in args.models]
        seconds = np.empty((args.rounds, 2))
        for turn in range(-3, args.rounds):  # the first three warm up
            for i, backend in enumerate(backends):
                start = time.perf_counter()
                backend.infer(picture)
                seconds[turn, i] = time.perf_counter() - start
        a, b = np.median(seconds, 0) * 1e3
        best = seconds.min(0) * 1e3
        report[precision] = {"median_ms": [a, b], "least_ms": best.tolist(), "ratio_of_least": best[1] / best[0]}
        report[precision]["ratio"] = b / a
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
