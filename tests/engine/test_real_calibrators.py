"""Our calibrator and logger on NVIDIA's real Python classes. Opt-in: make_stub_library.py says how to get them."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np
import pytest
from fake_memory import FakeMemory

from edgepose.engine.int8.cache_file import cache_text, header
from edgepose.engine.int8.calibrator import make_calibrator
from edgepose.engine.tensorrt.messages import make_logger


@pytest.fixture(scope="module")
def trt() -> Any:
    folder = os.environ.get("EDGEPOSE_TENSORRT_BINDINGS")
    if not folder:
        pytest.skip("needs EDGEPOSE_TENSORRT_BINDINGS, see make_stub_library.py")
    sys.path.insert(0, folder)
    return __import__("tensorrt_bindings")


@pytest.mark.parametrize("algorithm", ["EntropyCalibration2", "MinMaxCalibration"])
def test_the_real_base_class_takes_our_cache_and_batches(trt: Any, algorithm: str) -> None:
    cache = cache_text({"input": 2.64}, trt.__version__, algorithm)
    batches = iter(np.ones((2, 1, 3, 8, 8), np.float32))
    made = make_calibrator(trt, cache, batches, 1, FakeMemory(), algorithm)
    assert isinstance(made, trt.IInt8Calibrator)
    assert made.get_algorithm().name.replace("_", "").lower() == algorithm.lower()
    assert made.read_calibration_cache().decode().startswith(header(trt.__version__, algorithm))
    assert [made.get_batch(["input"]) is not None for _ in range(3)] == [True, True, False]
    made.write_calibration_cache(b"TRT-x")
    assert (made.written, made.fed) == (b"TRT-x", 2)


def test_the_real_logger_base_hands_errors_to_us(trt: Any) -> None:
    logger = make_logger(trt)
    logger.log(trt.ILogger.Severity.ERROR, "bad")
    logger.log(trt.ILogger.Severity.INFO, "fine")
    assert logger.errors == ["bad"]
