"""The training loop: epochs of samples in, checkpoints and a log out. One process, or one of several under torchrun.

What is learned at step n follows from the configuration alone (every sample has its own seed), so a run that was
interrupted and resumed ends with the weights of one that was not.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from edgepose.errors import ConfigError, EdgePoseError, ModelError
from edgepose.evaluation import labelled_pictures
from edgepose.keypoint_set import label_skeleton
from edgepose.model import model_path
from edgepose.training.data.dataset import PoseDataset, Sample
from edgepose.training.data.mix import blend
from edgepose.training.network.pose_network import NetworkOptions, PoseNetwork
from edgepose.training.network.validate import own_spec, validate
from edgepose.training.run.distributed import Processes, StepSampler
from edgepose.training.run.ema import WeightAverage
from edgepose.training.run.folder import RunFolder
from edgepose.training.run.journal import Journal
from edgepose.training.run.losses import stage_losses
from edgepose.training.run.options import TrainOptions
from edgepose.training.run.resuming import optimiser_state, restore_optimiser, step_now
from edgepose.training.run.schedule import build_optimiser, rate_at, set_rate
from edgepose.training.teacher.cache import open_kept
from edgepose.training.teacher.dense import open_teacher
from edgepose.training.teacher.features import FeatureMatch
from edgepose.training.weights import checkpoint
from edgepose.training.weights.initialise import initialise
from edgepose.training.weights.start import start_path
from edgepose.training.weights.transfer import differ_in_keypoints_alone, with_keypoints


class InterruptedTrainingError(EdgePoseError, KeyboardInterrupt):
    """The run was ended before its last epoch; what it can go on from was written first."""


class Training:
    """One run: `Training(options).run()`. Keeps network, mean, optimiser and where it is.

    resume: go on from `last.pt` in the out folder; ModelError when that is another network's, and without it when the
    folder holds a run. progress: wraps the pictures that are read and looked at before the first step, such as
    `cli.progress.track`. Installs no signal handlers: `stop` may be called from any thread.
    """

    def __init__(
        self,
        options: TrainOptions,
        *,
        resume: bool = False,
        processes: Processes | None = None,
        progress: Callable[[Sequence[Any]], Iterable[Any]] = iter,
    ) -> None:
        loop = options.loop
        self.options = options
        self.processes = processes or Processes.alone()
        if loop.threads:
            torch.set_num_threads(loop.threads)
        torch.manual_seed(loop.seed)
        self.device = self.processes.device(loop.device)
        self.out = Path(loop.out)
        self._stopping = self._within_step = False
        self._folder = RunFolder(self.out, resume=resume) if self.processes.first else None
        try:
            self._prepare(resume, progress)
        except BaseException:
            self._let_go()
            raise

    def _prepare(self, resume: bool, progress: Callable[[Sequence[Any]], Iterable[Any]]) -> None:
        """Read the pictures, make or load the network, and where it goes on from."""
        options, loop = self.options, self.options.loop
        skeleton = options.network.keypoint_skeleton
        if options.validation.annotations:  # what cannot be judged on is said now, not after the first epochs
            judged = options.validation
            labelled_pictures(judged.annotations, judged.images, label_skeleton(skeleton))
        teacher, kept = open_teacher(options.distill), open_kept(options.distill.kept)
        self.dataset = PoseDataset(options.data, skeleton, loop.seed, teacher, kept, progress)
        self.network = self._network(resume)
        self.network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.mean = WeightAverage(self.network, loop.ema_decay)  # a copy, taken before anything listens in
        distill = options.distill
        if distill.blends and not distill.features:
            raise ConfigError("distill.blends are held to features alone; give distill.features a weight, such as 1.0")
        teacher_path = str(model_path(distill.teacher))
        self.features = FeatureMatch(self.network, teacher_path).to(self.device) if distill.features else None
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

    def _let_go(self) -> None:
        if self._folder is not None:
            self._folder.close()

    def _network(self, resume: bool) -> PoseNetwork:
        start = start_path(self.options.loop.start) if self.options.loop.start and not resume else None
        if resume or (start is not None and start.suffix == ".pt"):
            path = start or self.out / "last.pt"
            content = checkpoint.load(path)
            theirs = msgspec.convert(content["network"]["options"], NetworkOptions)
            if not resume and differ_in_keypoints_alone(theirs, self.options.network):
                return with_keypoints(content["network"], content["ema"], self.options.network)
            if theirs != self.options.network:
                raise ModelError(
                    f"{str(path)!r} is of another network than the configuration's [network]; "
                    "give the same options, or start anew in another loop.out"
                )
            return checkpoint.rebuild(content["network"], content["ema"])
        network = PoseNetwork(self.options.network)
        if start is not None:
            initialise(network, start)
        return network

    def _restore(self, content: dict[str, Any]) -> None:
        path = str(self.out / "last.pt")
        if "optimiser" not in content:
            raise ModelError(f"{path!r} holds weights alone; name it in loop.start instead")
        self.network.load_state_dict(content["model"])
        self.mean.network.load_state_dict(content["ema"])
        restore_optimiser(self.optimiser, self.network, content["optimiser"], path)
        self.step = step_now(content, self.steps_per_epoch, self.options.loop.epochs, path)
        self.best_ap = content["best_ap"]
        self.mean.n_steps = content["step"]

    def stop(self) -> None:
        """End the run after the present step, with a checkpoint; any thread may ask."""
        self._stopping = True

    def run(self) -> dict[str, Any]:
        """Train to the end of the last epoch; returns what `--json` prints.

        Raises InterruptedTrainingError after `stop`, with a checkpoint of that step, and at a KeyboardInterrupt: one
        that comes within a step leaves the last checkpoint, since half a step cannot be gone on from exactly.
        """
        with Journal(self.out, self, first=self.processes.first) as journal:
            try:
                for epoch in range(self.step // self.steps_per_epoch, self.options.loop.epochs):
                    self._epoch(epoch, journal)
                    self._validate(epoch, journal)
                    self.save("last.pt")
                    self.processes.wait_for_first()
            except KeyboardInterrupt as error:
                if self._within_step:
                    raise InterruptedTrainingError(
                        f"interrupted within step {self.step}; --resume goes on from the last checkpoint"
                    ) from error
                self.save("last.pt")
                raise InterruptedTrainingError(f"interrupted at step {self.step}; go on with --resume") from error
            finally:
                self._let_go()
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
            if self._stopping:
                raise KeyboardInterrupt
            if time.monotonic() - saved_at > loop.checkpoint_s:
                self.save("last.pt")
                saved_at = time.monotonic()

    def learn(self, batch: Sample) -> tuple[list[float], float]:
        """One step; returns the losses of the stages and the norm of the gradients before clipping."""
        self._within_step = True  # running means of norms change with the first layer, weights only at the end
        found = self._learn(batch)
        self._within_step = False
        return found

    def _learn(self, batch: Sample) -> tuple[list[float], float]:
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
                "optimiser": optimiser_state(self.optimiser, self.network),
                "step": self.step,
                "steps_per_epoch": self.steps_per_epoch,
                "best_ap": self.best_ap,
            }
            checkpoint.save(self.out / name, content)


def normalised(image: Tensor) -> Tensor:
    """float32 (N, 3, S, S) from uint8 BGR, with the mean and scale that the sidecar of the export will name."""
    spec = own_spec("training")
    return ((image.float() - spec.mean[0]) * spec.scale[0]).contiguous(memory_format=torch.channels_last)


def _quiet(_worker: int) -> None:
    """Signals are for the first process, which ends the loaders when it may; one thread each is enough."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    torch.set_num_threads(1)
