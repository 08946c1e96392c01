"""A small network in plain form, and its INT8 form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="module")
def model() -> Any:
    pytest.importorskip("onnx")
    from small_network import small_network

    from edgepose.engine.onnx.plain import plain

    return plain(small_network())


@pytest.fixture(scope="module")
def int8(model: Any) -> Any:
    from small_network import pictures_like, ranges_of

    from edgepose.engine.int8.quantise import quantised

    return quantised(model, ranges_of(model, pictures_like(np.random.default_rng(1))))
