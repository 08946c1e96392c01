"""How much faster INT8 is than FP32 in OpenVINO: CPU time of one inference, one thread, medians of one run.

    python research/int8_speed.py FP32.onnx INT8.onnx

CPU time instead of wall time, since the machine may have other work. "f32" computes in float32, "default" in what
OpenVINO chooses by itself (bf16 where the CPU has it); INT8 is run both ways, for its layers left in float.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from edgepose.backends import BackendOptions, open_backend
from edgepose.model import load_spec

N_RUNS = 15
SIZES = ((224, 320), (256, 456))


def main(fp32: Path, int8: Path) -> None:
    flags = Path("/proc/cpuinfo").read_text().split()
    there = [flag for flag in ("avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "asimddp") if flag in flags]
    print(f"CPU has {', '.join(there) or 'none of VNNI, bf16, AMX'}")
    spec = load_spec(fp32)
    models = {"f32": (fp32, "f32"), "default": (fp32, "auto"), "int8": (int8, "auto"), "int8 f32": (int8, "f32")}
    backends = {
        name: open_backend(path, BackendOptions(name="openvino", threads=1, precision=precision), spec)  # type: ignore[arg-type]
        for name, (path, precision) in models.items()
    }
    for H, W in SIZES:
        batch = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 3, H, W)).astype(np.float32)
        times: dict[str, list[float]] = {name: [] for name in backends}
        for _ in range(N_RUNS):
            for name, backend in backends.items():
                begun = time.process_time()
                backend.infer(batch)
                times[name].append(time.process_time() - begun)
        median = {name: 1e3 * float(np.median(values[2:])) for name, values in times.items()}
        for name, value in median.items():
            ratios = f"{median['f32'] / value:.2f} x f32  {median['default'] / value:.2f} x default"
            print(f"{H}x{W} {name:<9} {value:6.1f} ms  {ratios}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
