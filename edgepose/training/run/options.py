"""The whole configuration of a training run, joined from the options that lie beside the code they steer."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from edgepose.options import Options
from edgepose.training.data.dataset import DataOptions
from edgepose.training.network.pose_network import NetworkOptions
from edgepose.training.network.validate import ValidationOptions
from edgepose.training.run.losses import LossOptions
from edgepose.training.run.schedule import OptimiserOptions
from edgepose.training.teacher.dense import DistillOptions


class LoopOptions(Options, frozen=True):
    """How long, how much at once, and where to."""

    out: Annotated[str, Meta(description="folder of checkpoints and logs")] = "out/train"
    start: Annotated[
        str, Meta(description="weights to begin with: one of ours by name, checkpoint, .pth or ONNX; empty for none")
    ] = ""
    epochs: Annotated[int, Meta(ge=1, description="epochs of the whole run")] = 100
    batch: Annotated[int, Meta(ge=1, description="crops per step and process")] = 10
    workers: Annotated[int, Meta(ge=0, description="processes that load samples")] = 2
    threads: Annotated[int, Meta(ge=0, description="CPU threads of the network; 0 leaves it to PyTorch")] = 0
    device: Annotated[str, Meta(description="auto, cpu or cuda")] = "auto"
    bf16: Annotated[bool, Meta(description="compute in bfloat16, keep weights in float32")] = True
    seed: Annotated[int, Meta(description="decides the first weights and every sample")] = 0
    ema_decay: Annotated[float, Meta(ge=0, lt=1, description="running mean of the weights, per step")] = 0.999
    checkpoint_s: Annotated[float, Meta(gt=0, description="seconds between checkpoints within an epoch")] = 300.0
    log_steps: Annotated[int, Meta(ge=1, description="steps between lines of the log")] = 20


class TrainOptions(Options, frozen=True):
    """The whole configuration of `edgepose train`, one TOML file."""

    network: Annotated[NetworkOptions, Meta(description="what is trained")] = NetworkOptions()
    data: Annotated[DataOptions, Meta(description="what it learns from")] = DataOptions()
    distill: Annotated[DistillOptions, Meta(description="the teacher, if any")] = DistillOptions()
    loss: Annotated[LossOptions, Meta(description="what an error costs")] = LossOptions()
    optimiser: Annotated[OptimiserOptions, Meta(description="how weights move")] = OptimiserOptions()
    loop: Annotated[LoopOptions, Meta(description="how long and where to")] = LoopOptions()
    validation: Annotated[ValidationOptions, Meta(description="how progress is judged")] = ValidationOptions()
