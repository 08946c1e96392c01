"""A running mean of the weights: what is evaluated and exported, smoother than the weights themselves."""

from __future__ import annotations

import copy

import torch
from torch import nn


class WeightAverage:
    """Exponential moving average of a network's weights; norm statistics and counters are copied.

    decay: 0.999 averages over about a thousand steps; early on the mean follows faster, so that the start is forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.n_steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take one step towards the network's present weights."""
        self.n_steps += 1
        decay = min(self.decay, (1 + self.n_steps) / (10 + self.n_steps))
        new = network.state_dict()
        for name, mean in self.network.state_dict().items():
            if mean.is_floating_point() and "running_" not in name:
                mean.lerp_(new[name], 1 - decay)
            else:
                mean.copy_(new[name])
