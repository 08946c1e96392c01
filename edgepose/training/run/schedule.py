"""Optimiser and learning rate: stage-wise rates, soft start, annealing (TAO BodyPoseNet's schedule), or cosine."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import torch
from msgspec import Meta

from edgepose.options import Options
from edgepose.training.network.pose_network import PoseNetwork


class OptimiserOptions(Options, frozen=True):
    """How weights move."""

    kind: Annotated[Literal["sgd", "adamw"], Meta(description="sgd has momentum 0.9")] = "sgd"
    rate: Annotated[float, Meta(gt=0, description="learning rate after the soft start")] = 2e-5
    min_rate: Annotated[float, Meta(ge=0, description="learning rate at both ends of the schedule")] = 8e-8
    schedule: Annotated[Literal["annealing", "cosine"], Meta(description="how the rate falls")] = "annealing"
    soft_start: Annotated[float, Meta(ge=0, lt=1, description="share of the run in which the rate rises")] = 0.05
    annealing: Annotated[float, Meta(ge=0, lt=1, description="share of the run after which annealing begins")] = 0.5
    backbone: Annotated[float, Meta(ge=0, description="rate multiplier of the backbone; 0 freezes it")] = 1.0
    initial: Annotated[float, Meta(ge=0, description="rate multiplier of the initial stage")] = 1.0
    refinement: Annotated[float, Meta(ge=0, description="rate multiplier of the refinement stages")] = 4.0
    bias: Annotated[float, Meta(gt=0, description="further multiplier of biases")] = 2.0
    decay: Annotated[float, Meta(ge=0, description="weight decay, not on biases and norms")] = 5e-4
    frozen_layers: Annotated[int, Meta(ge=0, description="first backbone layers whose weights stay")] = 0
    clip: Annotated[float, Meta(gt=0, description="largest norm of all gradients together")] = 1e4


def rate_at(progress: float, options: OptimiserOptions) -> float:
    """Learning rate at a share 0..1 of the run; exponential both ways, as TAO's soft-start annealing."""
    span = math.log(options.rate / max(options.min_rate, 1e-12))
    if progress < options.soft_start:
        return options.rate * math.exp(span * (progress / options.soft_start - 1))
    if options.schedule == "cosine":
        share = (progress - options.soft_start) / (1 - options.soft_start)
        return options.min_rate + (options.rate - options.min_rate) * 0.5 * (1 + math.cos(math.pi * share))
    if progress < options.annealing:
        return options.rate
    return options.rate * math.exp(-span * (progress - options.annealing) / (1 - options.annealing))


def build_optimiser(network: PoseNetwork, options: OptimiserOptions) -> torch.optim.Optimizer:
    """One parameter group per (part, bias or weight), each with its rate `multiplier`; frozen parts have no group."""
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    frozen = frozen_parameters(network, options.frozen_layers)
    for name, parameter in network.named_parameters():
        multiplier = getattr(options, name.split(".")[0].rstrip("s"))
        if parameter in frozen or multiplier == 0:
            parameter.requires_grad_(False)
            continue
        plain = parameter.ndim > 1
        key = multiplier * (1.0 if plain else options.bias), options.decay if plain else 0.0
        groups.setdefault(key, []).append(parameter)
    specs: list[dict[str, Any]] = [
        {"params": parameters, "lr": 0.0, "multiplier": multiplier, "weight_decay": decay}
        for (multiplier, decay), parameters in groups.items()
    ]
    if options.kind == "adamw":
        return torch.optim.AdamW(specs, lr=options.rate)
    return torch.optim.SGD(specs, lr=options.rate, momentum=0.9)


def frozen_parameters(network: PoseNetwork, n_layers: int) -> set[torch.nn.Parameter]:
    """Parameters of the backbone's first layers."""
    layers = list(getattr(network.backbone, "trunk", network.backbone).children())[:n_layers]
    return {parameter for layer in layers for parameter in layer.parameters()}


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of the rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["multiplier"]
