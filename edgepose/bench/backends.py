"""The runtimes that are installed here, side by side: milliseconds per picture of one model."""

from __future__ import annotations

import time
from statistics import median

from edgepose.backends import BACKENDS, BackendOptions, blank, open_backend
from edgepose.bench import Figure, Material
from edgepose.errors import BackendError, DeviceError, MissingDependencyError, ModelError

N_CALLS = 15
BATCHES = (1, 4)


def measure(material: Material) -> list[Figure]:
    """Median milliseconds per picture for every backend that can run the model, at its own input size."""
    figures = []
    for name in BACKENDS:
        if name == "replay":
            continue
        try:
            backend = open_backend(material.model, BackendOptions(name=name))
        except (BackendError, DeviceError, MissingDependencyError, ModelError):
            continue  # not on this machine
        if backend.info.name != name:
            backend.close()
            continue  # TensorRT fell back to a CPU runtime, which has its own figures
        spec = backend.spec
        for n in BATCHES if spec.dynamic_batch else (1,):
            batch = blank(backend, n, spec.input_hw)
            backend.infer(batch)  # the first call also allocates
            times = []
            for _ in range(N_CALLS):
                began = time.perf_counter()
                backend.infer(batch)
                times.append(time.perf_counter() - began)
            figures.append(Figure(f"{name}_batch{n}_ms", round(median(times) * 1e3 / n, 2), "ms per picture"))
        backend.close()
    return figures
