"""The slope of memory in the soak is given with an error that holds."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from research.faults.figure_rows import slope_and_error


def test_the_error_covers_the_slope_that_noise_brings_also_when_it_lasts():
    x, inside = np.arange(300) / 1200, 0
    for seed in range(100):
        noise = np.random.default_rng(seed).normal(0, 1, 300)
        for n in range(1, 300):
            noise[n] += 0.8 * noise[n - 1]
        slope, error = slope_and_error(x, 70 + 5 * x + noise)
        inside += abs(slope - 5) < 2 * error
    assert inside >= 85  # 93 here; 46 without the widening
