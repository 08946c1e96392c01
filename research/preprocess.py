"""Milliseconds from a picture to the network's input, one thread, beside OpenCV's own blobFromImage on the same size.

By the two float layouts, and as pixels for a backend that normalises itself, by each kernel.

python research/preprocess.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np

from edgepose.look.preprocess import Preprocessor, input_size
from edgepose.model import Kernel, ModelSpec

OFFSET = {"mean": (128.0,) * 3, "scale": (1 / 256,) * 3}
SPECS = {
    "NCHW BGR": ModelSpec(name="nchw", **OFFSET),
    "NHWC RGB": ModelSpec(name="nhwc", input_layout="NHWC", colour="RGB", **OFFSET),
}
KERNELS: tuple[Kernel, ...] = ("linear", "area", "cubic", "halving")
PICTURES = {"640x480": (480, 640), "768x576": (576, 768), "1280x720": (720, 1280), "1920x1080": (1080, 1920)}
HEIGHT = 256


def median_ms(work: Callable[[], object], repeats: int = 60) -> float:
    """Median duration; the first calls warm up."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[repeats // 6 :]) * 1e3


def main() -> None:
    cv2.setNumThreads(1)
    random = np.random.default_rng(0)
    print(
        f"{'picture':<11} {'input':<9} "
        + "".join(f"{name:>12}" for name in (*SPECS, *KERNELS))
        + f"{'resize + blob':>16}"
    )
    for name, hw in PICTURES.items():
        image = random.integers(0, 255, (*hw, 3), np.uint8)
        H, W = input_size(hw, HEIGHT)
        preprocessors = [Preprocessor(spec, (H, W)) for spec in SPECS.values()]
        times = [median_ms(lambda p=preprocessor, i=image: p.prepare(i)) for preprocessor in preprocessors]
        for kernel in KERNELS:
            fit = Preprocessor(ModelSpec(name="pixels", resize=kernel), (H, W)).fit
            times.append(median_ms(lambda f=fit, i=image: f(i)))
        blob = median_ms(lambda i=image, s=(W, H): cv2.dnn.blobFromImage(i, 1 / 256, s, (128, 128, 128), False))
        print(f"{name:<11} {f'{W}x{H}':<9} " + "".join(f"{ms:>9.3f} ms" for ms in times) + f"{blob:>13.3f} ms")


if __name__ == "__main__":
    main()
