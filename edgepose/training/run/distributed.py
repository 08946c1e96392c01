"""One process or many: what `torchrun` sets up (PyTorch's DistributedDataParallel), and which samples are whose."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed, nn
from torch.utils.data import Sampler

PATIENCE = timedelta(days=1)
"""Longest wait for a validation; PyTorch's own deadline for a step is ten to thirty minutes."""


@dataclass(frozen=True)
class Processes:
    """This process among `n`; rank counts over all machines, local_rank over the GPUs of this one."""

    rank: int
    n: int
    local_rank: int = 0
    patient: Any = None
    """The group that waits for the first process while it measures AP; steps have a shorter deadline of their own."""

    @classmethod
    def alone(cls) -> Processes:
        """A run of one process."""
        return cls(0, 1)

    @classmethod
    def from_environment(cls) -> Processes:
        """As torchrun's variables say, joining the others (NCCL on GPUs, gloo on CPUs); alone without them."""
        n = int(os.environ.get("WORLD_SIZE", "1"))
        if n == 1:
            return cls.alone()
        if not distributed.is_initialized():
            distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        patient = distributed.new_group(backend="gloo", timeout=PATIENCE)
        return cls(distributed.get_rank(), n, int(os.environ.get("LOCAL_RANK", "0")), patient)

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and measures AP."""
        return self.rank == 0

    def device(self, name: str) -> torch.device:
        """The device this process computes on: `auto` is its GPU where there is one."""
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        return torch.device(name, self.local_rank) if name == "cuda" else torch.device(name)

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network whose gradients are averaged over all processes."""
        if self.n == 1:
            return network
        return nn.parallel.DistributedDataParallel(network)

    def wait_for_first(self) -> None:
        """Come together again after what only the first process does, however long that takes."""
        if self.n > 1 and self.patient is not None:
            distributed.barrier(group=self.patient)

    def leave(self) -> None:
        """Part from the other processes; does nothing when alone."""
        if self.n > 1 and distributed.is_initialized():
            distributed.destroy_process_group()


class StepSampler(Sampler[int]):
    """Indices of one epoch from step `first` on; each process takes its slice of every global batch.

    So N processes with batch B learn from exactly the samples that one process with batch N x B learns from.
    """

    def __init__(self, n_samples: int, batch: int, first: int, processes: Processes) -> None:
        together = batch * processes.n
        self._indices = [
            start + processes.rank * batch + i
            for start in range(first * together, n_samples - together + 1, together)
            for i in range(batch)
        ]

    def __len__(self) -> int:
        return len(self._indices)

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)
