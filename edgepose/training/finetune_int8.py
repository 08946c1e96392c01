"""Fine-tunes an INT8 network towards the FP32 one it was made from, on pictures, without labels.

What calibrating cannot mend layer by layer, the network as a whole often can: weights move by a few steps until the
last maps are again those of FP32. Ranges stay as they were measured. The gate of `edgepose calibrate` judges what comes
out, as it judges everything else.

On the networks measured so far it changes nothing for the better, since rounding is compensated before
(docs/explanation/int8.md).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from msgspec import Meta
from numpy.random import Generator
from torch import Tensor

from edgepose.model import ModelSpec
from edgepose.options import Options
from edgepose.pictures import read_image
from edgepose.training.data.augment import ViewOptions, draw_view, view_image
from edgepose.training.onnx_graph import OnnxGraph

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


class FinetuneOptions(Options, frozen=True):
    """How long, and how far weights may move."""

    steps: Annotated[int, Meta(ge=1, description="steps of training")] = 400
    batch: Annotated[int, Meta(ge=1, description="crops per step")] = 6
    crop_px: Annotated[int, Meta(ge=32, multiple_of=8, description="side of the square that the network sees")] = 208
    step_rate: Annotated[float, Meta(gt=0, description="how far an int8 weight moves at a time, in its steps")] = 0.003
    float_rate: Annotated[float, Meta(gt=0, description="how far biases and float weights may move, absolute")] = 1e-5
    foreground: Annotated[float, Meta(ge=0, description="extra weight of an error where FP32 sees something")] = 4.0
    seed: Annotated[int, Meta(description="decides every crop")] = 0


def finetuned(
    int8_model: Any,
    float_model: Any,
    spec: ModelSpec,
    pictures: Sequence[Path],
    options: FinetuneOptions,
    progress: Progress,
) -> Any:
    """A copy of the Q/DQ model whose weights give FP32's maps as nearly as INT8 can.

    int8_model, float_model: ONNX ModelProtos of the same network, both in plain form (edgepose.engine.onnx.plain).
    """
    torch.manual_seed(options.seed)
    student, teacher = OnnxGraph(int8_model), OnnxGraph(float_model).requires_grad_(False)
    optimiser = torch.optim.Adam(
        [
            {"params": list(student.step_weights.values()), "lr": options.step_rate},
            {"params": list(student.float_weights.values()), "lr": options.float_rate},
        ]
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, options.steps)
    rng = np.random.default_rng(options.seed)
    for _ in progress(range(options.steps), options.steps, "steps of fine-tuning"):
        batch = torch.stack([_crop(pictures, spec, options.crop_px, rng) for _ in range(options.batch)])
        loss = _distance(student(batch), teacher(batch), options.foreground)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    result = copy.deepcopy(int8_model)
    student.write_to(result)
    return result


def _distance(seen: list[Tensor], wanted: list[Tensor], foreground: float) -> Tensor:
    """Squared error of all outputs, more where the wanted map is not zero."""
    errors = [((1 + foreground * w.abs()) * (s - w) ** 2).sum() for s, w in zip(seen, wanted, strict=True)]
    return torch.stack(errors).sum() / len(seen[0])


def _crop(pictures: Sequence[Path], spec: ModelSpec, size: int, rng: Generator) -> Tensor:
    """Part of a picture at about the scale at which it is seen whole, at times turned, mirrored or larger."""
    image = read_image(pictures[int(rng.integers(len(pictures)))])
    h, w = image.shape[:2]
    scale = size * float(np.exp(rng.uniform(np.log(0.9), np.log(1.8)))) / h
    reach = np.minimum(size / scale, (w, h)) / 2
    centre = tuple(rng.uniform(reach, np.maximum(reach, np.array((w, h)) - reach)))
    view = draw_view(rng, centre, scale, ViewOptions(crop_px=size, shift_px=0.0, any_angle=0.15))
    crop = view_image(image, view, (128, 128, 128), spec.resize)
    ordered = crop if spec.colour == "BGR" else crop[:, :, ::-1]
    value = (ordered.astype(np.float32) - np.asarray(spec.mean, np.float32)) * np.asarray(spec.scale, np.float32)
    return torch.from_numpy(np.ascontiguousarray(value.transpose(2, 0, 1)))
