"""The learned head: three temporal convolutions over a window of skeletons, and what is done to windows in training."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from edgepose.skeleton import BODYPOSENET_18
from edgepose.training.fall_head.sights import CHANNELS
from edgepose.types import FloatArray

WIDTH = 32
HIDDEN = ((9, 12), (10, 13), (9, 10, 12, 13), (3, 4, 6, 7), (4, 7), (8, 11), (0, 14, 15, 16, 17))
"""Keypoints that furniture, clothes or the picture's edge hide together."""

HIDE, SCALE, TREMBLE = 0.35, (0.85, 1.18), (0.0, 0.01, 0.03)
K = BODYPOSENET_18.n_keypoints
MIRROR = np.arange(K)
for _left, _right in BODYPOSENET_18.flip_pairs:
    MIRROR[[_left, _right]] = _right, _left
LENGTHS = [*range(2 * K), *range(3 * K, 3 * K + 4), 3 * K + 6, 3 * K + 7]  # channels in body heights
SIDEWAYS = [3 * K, 3 * K + 2]  # channels with a sign of left and right, keypoints apart


class FallNetwork(nn.Module):
    """Windows float32 (N, CHANNELS, STEPS) to logits (N,): has a fall just happened?"""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(CHANNELS, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=4, dilation=4),
            nn.ReLU(),
        )
        self.last = nn.Linear(2 * width, 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, windows: Tensor) -> Tensor:
        found = self.layers(windows)
        logits: Tensor = self.last(self.drop(torch.cat([found[..., -1], found.amax(-1)], 1)))[:, 0]
        return logits


def varied(windows: FloatArray, r: np.random.Generator) -> FloatArray:
    """The same windows mirrored, with a body height guessed wrongly, trembling, and limbs that hide, at random."""
    x: FloatArray = windows.copy()
    n = len(windows)
    flip = r.random(n) < 0.5
    turned = x[flip]
    for part in (slice(0, K), slice(K, 2 * K), slice(2 * K, 3 * K)):
        turned[:, part] = turned[:, part][:, MIRROR]
    turned[:, :K] *= -1
    turned[:, SIDEWAYS] *= -1
    x[flip] = turned
    for i in np.flatnonzero(r.random(n) < HIDE):
        hidden = np.array(HIDDEN[r.integers(len(HIDDEN))])
        x[i, np.concatenate([hidden, hidden + K, hidden + 2 * K])] = 0
    amount = r.choice(TREMBLE, n).astype(np.float32)[:, None, None]
    there = np.tile(x[:, 2 * K : 3 * K], (1, 2, 1))
    x[:, : 2 * K] += amount * r.normal(size=there.shape).astype(np.float32) * there
    x[:, LENGTHS] *= r.uniform(*SCALE, n).astype(np.float32)[:, None, None]
    return x
