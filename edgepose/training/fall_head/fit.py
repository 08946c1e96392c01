"""Trains the learned head: a minute on one core, the same result for the same seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from edgepose.training.fall_head.network import FallNetwork, varied
from edgepose.training.fall_head.samples import Samples
from edgepose.types import FloatArray

BATCH, EPOCHS = 256, 6
RATE, DECAY = 4e-3, 1e-2


def fit(
    samples: Samples, seed: int = 0, *, epochs: int = EPOCHS, log: Callable[[str], None] = lambda line: None
) -> FallNetwork:
    """A network that tells the fallen windows from the others; sets PyTorch's global seed."""
    torch.manual_seed(seed)
    r = np.random.default_rng(seed)
    network = FallNetwork()
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    n = max(1, len(samples.windows) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=epochs * n)
    network.train()
    for epoch in range(epochs):
        order, total = r.permutation(len(samples.windows)), 0.0
        for part in np.array_split(order, n):
            logits = network(torch.from_numpy(varied(samples.windows[part], r)))
            loss = nn.functional.binary_cross_entropy_with_logits(
                logits, torch.from_numpy(samples.fallen[part]), torch.from_numpy(samples.weight[part])
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += loss.item()
        log(f"epoch {epoch + 1}/{epochs}: loss {total / n:.4f}")
    return network.eval()


@torch.no_grad()
def probabilities(network: FallNetwork, windows: FloatArray) -> FloatArray:
    """float32 (N,) of float32 (N, CHANNELS, STEPS)."""
    found: FloatArray = torch.sigmoid(network(torch.from_numpy(windows))).numpy()
    return found
