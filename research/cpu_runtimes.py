"""What a runtime costs on this CPU: research/cpu_runtimes.py openvino|onnxruntime MODEL.onnx HEIGHT WIDTH THREADS

Random pictures. Needs numpy and the runtime, not edgepose, so that each runs in an environment of its own.
Prints seconds from opening to the first answer, the median of 40 answers in ms, and the most memory it took.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def openvino(model: str, picture: np.ndarray, threads: int) -> Callable[[], Any]:
    import openvino as ov

    core = ov.Core()
    network = core.read_model(model)
    network.reshape(list(picture.shape))
    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(network, "CPU", options).create_infer_request()
    return lambda: request.infer({0: picture})


def onnxruntime(model: str, picture: np.ndarray, threads: int) -> Callable[[], Any]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: picture})


def main() -> None:
    runtime, model, height, width, threads = sys.argv[1:6]
    picture = np.random.default_rng(0).random((1, 3, int(height), int(width)), np.float32)
    started = time.perf_counter()
    answer = {"openvino": openvino, "onnxruntime": onnxruntime}[runtime](model, picture, int(threads))
    answer()
    first = time.perf_counter() - started
    took = []
    for _ in range(40):
        started = time.perf_counter()
        answer()
        took.append(time.perf_counter() - started)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{runtime}: first {first:.2f} s, median {1e3 * np.median(took):.1f} ms, {memory:.0f} MB")


if __name__ == "__main__":
    main()
