"""Going on from a checkpoint: what of it counts, and what the configuration says now."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from edgepose.errors import ModelError

_KINDS = {True: "adamw", False: "sgd"}
"""Kind of optimiser by whether its moments have a running mean of squares."""


def optimiser_state(optimiser: torch.optim.Optimizer, network: nn.Module) -> dict[str, Any]:
    """The optimiser's state with the names of the parameters it belongs to, in its order."""
    name_of = {parameter: name for name, parameter in network.named_parameters()}
    names = [name_of[parameter] for group in optimiser.param_groups for parameter in group["params"]]
    return {**optimiser.state_dict(), "names": names}


def restore_optimiser(optimiser: torch.optim.Optimizer, network: nn.Module, state: dict[str, Any], path: str) -> None:
    """Take over the moments of every parameter; rates, multipliers and decay stay those of the configuration.

    ModelError where the moments are of another kind of optimiser, or of other parameters than are trained now.
    """
    own = optimiser_state(optimiser, network)
    is_adamw = isinstance(optimiser, torch.optim.AdamW)
    moments = next(iter(state["state"].values()), None)
    if moments is not None and ("exp_avg_sq" in moments) != is_adamw:
        raise ModelError(
            f"{path!r} was trained with {_KINDS[not is_adamw]}; set optimiser.kind to it, or name it in loop.start"
        )
    sizes, theirs = ([len(group["params"]) for group in one["param_groups"]] for one in (own, state))
    names = state.get("names") or (own["names"] if sizes == theirs else None)  # older files have no names
    if names is None or set(names) != set(own["names"]):
        raise ModelError(
            f"{path!r} has moments of {sum(theirs)} parameters and this run trains {sum(sizes)}, or others; set the "
            "frozen layers and multipliers of [optimiser] as they were, or name the file in loop.start"
        )
    place = {name: number for number, name in enumerate(own["names"])}
    moved = {place[names[number]]: moments for number, moments in state["state"].items()}
    optimiser.load_state_dict({"state": moved, "param_groups": own["param_groups"]})


def step_now(content: dict[str, Any], steps_per_epoch: int, epochs: int, path: str) -> int:
    """The step to go on from: at the same share of the epochs, also where a step has another size now.

    ModelError where nothing is left to train.
    """
    then = content.get("steps_per_epoch", steps_per_epoch)
    step = int(content["step"]) if then == steps_per_epoch else round(content["step"] / then * steps_per_epoch)
    if step >= steps_per_epoch * epochs:
        raise ModelError(f"{path!r} has its {epochs} epochs behind it; raise loop.epochs, or name it in loop.start")
    return step
