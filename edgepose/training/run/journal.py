"""What a run tells: a CSV log, TensorBoard where it is installed, a progress line with the time left, a report."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from edgepose.evaluation import Scores
from edgepose.training.run.curves import write_curves

COLUMNS = ("step", "epoch", "loss", "last_stage_loss", "gradient_norm", "rate", "images_per_s", "AP", "AP50")


class Run(Protocol):
    """What a journal reads of the training that keeps it."""

    step: int
    best_ap: float
    options: Any
    optimiser: Any

    @property
    def steps_per_epoch(self) -> int: ...


class Journal:
    """Writes `log.csv`, its curves and TensorBoard events into the out folder; use it as a context manager.

    first: false in the other processes of a distributed run, which then write nothing.
    """

    def __init__(self, out: Path, training: Run, *, first: bool) -> None:
        self._out = out
        self._training = training
        self._first = first
        self._recent: list[tuple[float, float, float]] = []
        self._last: dict[str, Any] = {}
        self._seen = self._seen_since = 0
        self._stack = contextlib.ExitStack()
        self._board: Any = None
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> Journal:
        self._since = self._started = time.monotonic()
        if self._first:
            self._out.mkdir(parents=True, exist_ok=True)
            fresh = not (self._out / "log.csv").is_file()
            self._file = self._stack.enter_context((self._out / "log.csv").open("a"))
            if fresh:
                self._file.write(",".join(COLUMNS) + "\n")
            self._open_board()
            self._open_progress()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._first and self._recent:
            self._note()
        self._stack.close()
        if self._first:
            write_curves(self._out / "log.csv", self._out / "curves.svg")

    def _open_board(self) -> None:
        with contextlib.suppress(ImportError):
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(self._out))
            self._stack.callback(self._board.close)

    def _open_progress(self) -> None:
        with contextlib.suppress(ImportError):
            from rich.console import Console
            from rich.progress import Progress, TimeElapsedColumn, TimeRemainingColumn

            columns = (*Progress.get_default_columns()[:-1], TimeElapsedColumn(), TimeRemainingColumn())
            self._progress = self._stack.enter_context(Progress(*columns, console=Console(stderr=True)))
            training = self._training
            total = training.steps_per_epoch * training.options.loop.epochs
            self._task = self._progress.add_task("training", total=total, completed=training.step)

    def step(self, losses: list[float], norm: float, n_images: int) -> None:
        """Take note of one step; every `log_steps` of them become a line."""
        self._seen += n_images
        if not self._first:
            return
        self._recent.append((sum(losses), losses[-1], norm))
        self._seen_since += n_images
        if self._progress is not None:
            self._progress.update(self._task, advance=1, description=f"loss {sum(losses):.1f}")
        if self._training.step % self._training.options.loop.log_steps == 0:
            self._note()

    def _note(self) -> None:
        """Write the mean of the steps since the last line."""
        loss, last, norm = np.mean(self._recent, 0)
        rate = self._seen_since / max(time.monotonic() - self._since, 1e-9)
        group = self._training.optimiser.param_groups[0]
        row = {
            "loss": float(loss),
            "last_stage_loss": float(last),
            "gradient_norm": float(norm),
            "rate": group["lr"] / group["multiplier"],
            "images_per_s": float(rate),
        }
        self._recent.clear()
        self._since, self._seen_since = time.monotonic(), 0
        self._write(row)

    def scores(self, scores: Scores) -> None:
        """Take note of a validation."""
        self._write({"AP": scores.ap, "AP50": scores.ap50})
        write_curves(self._out / "log.csv", self._out / "curves.svg")
        self._since = time.monotonic()

    def _write(self, row: dict[str, float]) -> None:
        training = self._training
        self._last |= row
        for name, value in row.items():
            if self._board is not None:
                self._board.add_scalar(name, value, training.step)
        cells = {"step": training.step, "epoch": training.step // training.steps_per_epoch} | row
        self._file.write(",".join(f"{cells[c]:.6g}" if c in cells else "" for c in COLUMNS) + "\n")
        self._file.flush()

    def report(self) -> dict[str, Any]:
        """Last figures of the run by the log's column names, with steps, images and hours of this start."""
        training = self._training
        hours = (time.monotonic() - self._started) / 3600
        return {
            "step": training.step,
            "epochs": training.step // training.steps_per_epoch,
            "images": self._seen,
            "hours": hours,
            "best_AP": training.best_ap,
            **self._last,
            "checkpoint": str(self._out / "last.pt"),
            "curves": str(self._out / "curves.svg"),
        }
