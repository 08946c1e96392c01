"""The training loop: epochs of samples in, checkpoints and a log out. One process, or one of several under torchrun.

What is learned at step n follows from the configuration alone (every sample has its own seed), so a run that was
interrupted and resumed ends with the weights of one that was not.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import torch
from msgspec import Meta
from torch import Tensor, nn
from torch.utils.data import DataLoader

from edgepose.errors import ConfigError, EdgePoseError, ModelError
from edgepose.evaluation import labelled_pictures
from edgepose.options import Options
from edgepose.skeleton import SKELETONS
from edgepose.training.data.dataset import DataOptions, PoseDataset, Sample
from edgepose.training.data.mix import blend
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork
from edgepose.training.network.validate import ValidationOptions, own_spec, validate
from edgepose.training.run.distributed import Processes, StepSampler
from edgepose.training.run.ema import WeightAverage
from edgepose.training.run.journal import Journal
from edgepose.training.run.losses import LossOptions, stage_losses
from edgepose.training.run.schedule import OptimiserOptions, build_optimiser, rate_at, set_rate
from edgepose.training.teacher.cache import open_kept
from edgepose.training.teacher.dense import DistillOptions, open_teacher
from edgepose.training.teacher.features import FeatureMatch
from edgepose.training.weights import checkpoint
from edgepose.training.weights.initialise import initialise


class LoopOptions(Options, frozen=True):
    """How long, how much at once, and where to."""

    out: Annotated[str, Meta(description="folder of checkpoints and logs")] = "out/train"
    start: Annotated[str, Meta(description="weights to begin with: .pth, checkpoint or ONNX; empty for none")] = ""
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


class InterruptedTrainingError(EdgePoseError, KeyboardInterrupt):
    """Ctrl-C; the checkpoint was written first."""


class Training:
    """One run: `Training(options).run()`. Keeps network, mean, optimiser and where it is.

    resume: go on from `last.pt` in the out folder; ModelError when that is another network's.
    """

    def __init__(self, options: TrainOptions, *, resume: bool = False, processes: Processes | None = None) -> None:
        loop = options.loop
        self.options = options
        self.processes = processes or Processes.alone()
        if loop.threads:
            torch.set_num_threads(loop.threads)
        torch.manual_seed(loop.seed)
        self.device = self.processes.device(loop.device)
        self.out = Path(loop.out)
        skeleton = SKELETONS[options.network.skeleton]
        if options.validation.annotations:  # what cannot be judged on is said now, not after the first epochs
            labelled_pictures(options.validation.annotations, options.validation.images)
        self.dataset = PoseDataset(
            options.data, skeleton, loop.seed, open_teacher(options.distill), open_kept(options.distill.kept)
        )
        self.network = self._network(resume)
        self.network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.mean = WeightAverage(self.network, loop.ema_decay)  # a copy, taken before anything listens in
        distill = options.distill
        if distill.blends and not distill.features:
            raise ConfigError("distill.blends are held to features alone; give distill.features a weight, such as 1.0")
        self.features = FeatureMatch(self.network, distill.teacher).to(self.device) if distill.features else None
        self.optimiser = build_optimiser(self.network, options.optimiser)
        self.step = 0
        self.best_ap = -1.0
        self.steps_per_epoch = len(self.dataset) // (loop.batch * self.processes.n)
        if not self.steps_per_epoch:
            raise ModelError(
                f"an epoch of {len(self.dataset)} samples is less than one step of {loop.batch} x {self.processes.n}; "
                "raise data.samples_per_epoch"
            )
        if resume:
            self._restore(checkpoint.load(self.out / "last.pt"))
        self._wrapped = self.processes.wrap(self.network)

    def _network(self, resume: bool) -> PoseNetwork:
        start = self.options.loop.start
        if resume or Path(start).suffix == ".pt":
            path = self.out / "last.pt" if resume else Path(start)
            content = checkpoint.load(path)
            if msgspec.convert(content["network"]["options"], NetworkOptions) != self.options.network:
                raise ModelError(
                    f"{str(path)!r} is of another network than the configuration's [network]; "
                    "give the same options, or start anew in another loop.out"
                )
            return checkpoint.rebuild(content["network"], content["ema"])
        network = PoseNetwork(self.options.network)
        if start:
            initialise(network, Path(start))
        return network

    def _restore(self, content: dict[str, Any]) -> None:
        if "optimiser" not in content:
            raise ModelError(f"{str(self.out / 'last.pt')!r} holds weights alone; name it in loop.start instead")
        self.network.load_state_dict(content["model"])
        self.mean.network.load_state_dict(content["ema"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.step, self.best_ap = content["step"], content["best_ap"]
        self.mean.n_steps = self.step

    def run(self) -> dict[str, Any]:
        """Train to the end of the last epoch; returns what `--json` prints."""
        n_epochs = self.options.loop.epochs
        for name in (signal.SIGINT, signal.SIGTERM):  # a run in the background ignores Ctrl-C unless told otherwise
            signal.signal(name, signal.default_int_handler)
        with Journal(self.out, self, first=self.processes.first) as journal:
            try:
                for epoch in range(self.step // self.steps_per_epoch, n_epochs):
                    self._epoch(epoch, journal)
                    self._validate(epoch, journal)
                    self.save("last.pt")
            except KeyboardInterrupt as error:
                self.save("last.pt")
                raise InterruptedTrainingError(f"interrupted at step {self.step}; go on with --resume") from error
            return journal.report()

    def _epoch(self, epoch: int, journal: Journal) -> None:
        loop = self.options.loop
        self.dataset.start_epoch(epoch)
        first = self.step % self.steps_per_epoch
        sampler = StepSampler(len(self.dataset), loop.batch, first, self.processes)
        loader = DataLoader(self.dataset, loop.batch, sampler=sampler, num_workers=loop.workers, worker_init_fn=_quiet)
        saved_at = time.monotonic()
        for batch in loader:
            losses, norm = self.learn(batch)
            journal.step(losses, norm, loop.batch * self.processes.n)
            if time.monotonic() - saved_at > loop.checkpoint_s:
                self.save("last.pt")
                saved_at = time.monotonic()

    def learn(self, batch: Sample) -> tuple[list[float], float]:
        """One step; returns the losses of the stages and the norm of the gradients before clipping."""
        options = self.options
        total = self.steps_per_epoch * options.loop.epochs
        set_rate(self.optimiser, rate_at(self.step / total, options.optimiser))
        batch = Sample(*(tensor.to(self.device) for tensor in batch))
        self.network.train()
        images, mask = normalised(batch.image), batch.mask
        if self.features:
            images, mask = blend(images, mask, options.distill.blends, options.loop.seed + self.step)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=options.loop.bf16):
            stages = self._wrapped(images)
            share = options.distill.features_of
            far = self.features.loss(images, share) if self.features else torch.zeros((), device=self.device)
        losses = stage_losses(stages, batch.pafs, batch.heatmaps, mask, options.loss)
        loss = torch.stack(losses).sum() + options.distill.features * far
        self._must_be_finite("loss", loss)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        trained = [p for group in self.optimiser.param_groups for p in group["params"]]
        norm = nn.utils.clip_grad_norm_(trained, options.optimiser.clip)
        self._must_be_finite("norm of the gradients", norm)  # before they spoil the weights
        self.optimiser.step()
        self.mean.update(self.network)
        self.step += 1
        return [float(one.detach()) for one in losses], float(norm)

    def _must_be_finite(self, name: str, value: Tensor) -> None:
        if not torch.isfinite(value):
            raise ModelError(
                f"the {name} is {value.item()} at step {self.step}; lower optimiser.rate, or optimiser.clip, and go on "
                "with --resume from the last checkpoint"
            )

    def _validate(self, epoch: int, journal: Journal) -> None:
        options = self.options.validation
        is_last = epoch + 1 == self.options.loop.epochs
        if not options.annotations or not self.processes.first or not (is_last or (epoch + 1) % options.every == 0):
            return
        scores = validate(self.mean.network, options)  # type: ignore[arg-type]
        journal.scores(scores)
        if scores.ap > self.best_ap:
            self.best_ap = scores.ap
            self.save("best.pt")

    def save(self, name: str) -> None:
        """Write a checkpoint of everything that resuming needs; only the first process writes."""
        if self.processes.first:
            content = {
                "network": checkpoint.describe(self.network),
                "model": self.network.state_dict(),
                "ema": self.mean.network.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "best_ap": self.best_ap,
            }
            checkpoint.save(self.out / name, content)


def normalised(image: Tensor) -> Tensor:
    """float32 (N, 3, S, S) from uint8 BGR, with the mean and scale that the sidecar of the export will name."""
    spec = own_spec("training")
    return ((image.float() - spec.mean[0]) * spec.scale[0]).contiguous(memory_format=torch.channels_last)


def _quiet(_worker: int) -> None:
    """Ctrl-C is for the first process, which then ends the loaders; one thread each is enough."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    torch.set_num_threads(1)
