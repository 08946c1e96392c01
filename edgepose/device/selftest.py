"""What only a board can show: engines built and run there, against ONNX Runtime and against each other, with fps,
memory and power. Every step is tried, whatever became of the others, and one report says how each went.
"""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edgepose import __version__
from edgepose.backends import BackendOptions, blank, open_backend
from edgepose.backends.board import jetpack_release
from edgepose.device.telemetry import open_telemetry
from edgepose.engine.int8.calibration_set import fitted_once
from edgepose.engine.int8.gate import compare
from edgepose.engine.int8.runs import opened
from edgepose.engine.tensorrt.job import BuildRequest, build
from edgepose.engine.tensorrt.options import BuildOptions, Precision
from edgepose.errors import DeviceError, EdgePoseError, MissingDependencyError
from edgepose.look import Sight
from edgepose.model import ModelSpec, load_spec, save_spec
from edgepose.options import Options

WARM_UP = 20
FP16_COSINE = 0.999
INT8_AGREEMENT = 0.9


class Step(Options, frozen=True):
    """One step. status: skipped where the machine lacks what it needs. figures: what was measured. note: why."""

    name: str
    status: Literal["ok", "failed", "skipped"]
    figures: dict[str, Any]
    note: str = ""


class SelftestReport(Options, frozen=True):
    """Everything a maintainer asks for when a board misbehaves."""

    edgepose: str
    machine: str
    jetpack: str
    model: str
    steps: tuple[Step, ...]

    @property
    def passed(self) -> bool:
        """No step failed, and at least the engine steps were not all skipped."""
        return all(step.status != "failed" for step in self.steps) and any(step.status == "ok" for step in self.steps)


def selftest(model: Path, int8_model: Path | None, pictures: Sequence[Path], n_runs: int = 200) -> SelftestReport:
    """Try everything. model: FP32 ONNX; int8_model: its calibrated form; pictures: for agreement, at least one."""
    spec = load_spec(model)
    with tempfile.TemporaryDirectory(prefix="edgepose-selftest-") as folder:
        engines: dict[str, Path] = {}
        steps = [_try("board", lambda: _board())]
        for precision, source in _sources(model, int8_model):
            target = Path(folder) / f"{precision}.engine"
            steps.append(_try(f"build {precision}", lambda: _build(source, target, spec, precision)))  # noqa: B023
            if steps[-1].status == "ok":
                engines[precision] = target
        steps.append(_try("fp16 against onnxruntime", lambda: _against_cpu(model, engines, spec, pictures)))
        steps.append(_try("int8 against fp16", lambda: _int8_against_fp16(engines, spec, pictures)))
        for name, engine in engines.items():
            steps.append(_try(f"speed {name}", lambda: _speed(engine, spec, n_runs)))  # noqa: B023
    return SelftestReport(
        edgepose=__version__,
        machine=f"{platform.machine()} {platform.release()}",
        jetpack=jetpack_release(),
        model=model.name,
        steps=tuple(steps),
    )


def _try(name: str, work: Callable[[], dict[str, Any]]) -> Step:
    try:
        return Step(name=name, status="ok", figures=work())
    except (DeviceError, MissingDependencyError) as error:
        return Step(name=name, status="skipped", figures={}, note=str(error))
    except EdgePoseError as error:
        return Step(name=name, status="failed", figures={}, note=str(error))


def _sources(model: Path, int8_model: Path | None) -> list[tuple[Precision, Path]]:
    sources: list[tuple[Precision, Path]] = [("fp16", model)]
    return sources if int8_model is None else [*sources, ("int8", int8_model)]


def _board() -> dict[str, Any]:
    with closing(open_telemetry()) as telemetry:
        readings = telemetry.read()
    return {"ram_total_mb": readings.ram_total_mb, "temperatures_c": dict(readings.temperatures_c)}


def _build(source: Path, target: Path, spec: ModelSpec, precision: Precision) -> dict[str, Any]:
    save_spec(spec, target)
    request = BuildRequest(model=str(source), engine=str(target), options=BuildOptions(precision=precision))
    built = build(request)
    return {"seconds": built.seconds, "megabytes": target.stat().st_size / 1e6, "tensorrt": built.key.tensorrt}


def _against_cpu(model: Path, engines: dict[str, Path], spec: ModelSpec, pictures: Sequence[Path]) -> dict[str, Any]:
    cpu = BackendOptions(name="onnxruntime", precision="f32")
    with (
        opened(open_backend(model, cpu, spec), spec.input_hw) as exact,
        opened(open_backend(_engine(engines, "fp16"), BackendOptions(name="tensorrt"), spec), spec.input_hw) as found,
    ):
        return _figures(exact, found, pictures, min_cosine=FP16_COSINE)


def _int8_against_fp16(engines: dict[str, Path], spec: ModelSpec, pictures: Sequence[Path]) -> dict[str, Any]:
    options = BackendOptions(name="tensorrt")
    with (
        opened(open_backend(_engine(engines, "fp16"), options, spec), spec.input_hw) as exact,
        opened(open_backend(_engine(engines, "int8"), options, spec), spec.input_hw) as found,
    ):
        return _figures(exact, found, pictures, min_agreement=INT8_AGREEMENT)


def _figures(
    exact: Sight, found: Sight, pictures: Sequence[Path], min_cosine: float = 0.0, min_agreement: float = 0.0
) -> dict[str, Any]:
    with fitted_once(pictures, Path(tempfile.gettempdir()), exact.spec, exact.spec.input_hw) as samples:
        parity = compare(exact, found, samples, lambda things, n, what: things)
    cosines = {name: output.cosine for name, output in parity.outputs.items()}
    if min(cosines.values()) < min_cosine or parity.agreement < min_agreement:
        raise EdgePoseError(
            f"cosine {min(cosines.values()):.4f} (wanted {min_cosine}), agreement {parity.agreement:.3f} "
            f"(wanted {min_agreement}) on {parity.images} pictures"
        )
    return {"cosine": cosines, "agreement": parity.agreement, "people": parity.people_before}


def _speed(engine: Path, spec: ModelSpec, n_runs: int) -> dict[str, Any]:
    """Milliseconds per picture, and what the board used meanwhile."""
    with (
        closing(open_telemetry()) as telemetry,
        closing(open_backend(engine, BackendOptions(name="tensorrt"), spec)) as backend,
    ):
        batch = blank(backend, 1, spec.input_hw)
        for _ in range(WARM_UP):
            backend.infer(batch)
        times_ms = []
        for _ in range(n_runs):
            begun = time.perf_counter()
            backend.infer(batch)
            times_ms.append((time.perf_counter() - begun) * 1e3)
        readings = telemetry.read()
    p50, p99 = np.percentile(times_ms, [50, 99])
    return {
        "fps": 1e3 / float(p50),
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "power_w": readings.power_w,
        "gpu_load": readings.gpu_load,
        "ram_used_mb": readings.ram_used_mb,
        "throttled": readings.throttled,
    }


def _engine(engines: dict[str, Path], precision: str) -> Path:
    if precision not in engines:
        raise DeviceError(f"there is no {precision} engine to run")
    return engines[precision]
