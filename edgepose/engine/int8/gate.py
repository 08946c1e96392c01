"""INT8 against FP32 on pictures that were not used to calibrate, and the verdict."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.int8.agreement import Agreement, compare_people
from edgepose.engine.int8.calibration_set import CalibrationSet
from edgepose.engine.int8.options import GateOptions
from edgepose.engine.int8.pictures import Progress
from edgepose.look import Sight
from edgepose.options import Options


class OutputParity(Options, frozen=True):
    """How close one output is, over all pictures. relative_error: root of squared error over squared signal."""

    cosine: float
    relative_error: float


class ApLoss(Options, frozen=True):
    """COCO AP, 0 to 1. loss_low, loss_high: 95 % interval of before - after, pictures resampled in pairs."""

    before: float
    after: float
    loss_low: float
    loss_high: float
    images: int

    @property
    def loss(self) -> float:
        return self.before - self.after


class Parity(Options, frozen=True):
    """INT8 against FP32 on the held-out pictures.

    outputs: by name. people_before, people_after: found by FP32 and INT8. agreement: mean OKS over FP32's people.
    extra_share: INT8-only people per person of FP32. worst: picture paths, those that agree least first.
    """

    images: int
    runtime: str
    outputs: dict[str, OutputParity]
    people_before: int
    people_after: int
    agreement: float
    extra_share: float
    worst: tuple[str, ...]
    ap: ApLoss | None = None


class Verdict(Options, frozen=True):
    """Whether the INT8 model may be used. reasons: one sentence per limit that it misses."""

    passed: bool
    reasons: tuple[str, ...] = ()
    accepted_anyway: bool = False


def compare(exact: Sight, int8: Sight, samples: CalibrationSet, progress: Progress) -> Parity:
    """Run both on the same pictures. exact: FP32 computing in f32."""
    spec = exact.spec
    sums = {name: np.zeros(3) for name in ("heatmaps", "pafs")}
    total = Agreement()
    n_after = 0
    per_picture: list[tuple[float, str]] = []
    rows = zip(samples.pictures, samples.images, samples.letterboxes, strict=True)
    for picture, image, letterbox in progress(rows, len(samples), "pictures compared"):
        a, b = (sight.see(image, letterbox=letterbox) for sight in (exact, int8))
        sums["heatmaps"] += _products(a.fields.heatmaps, b.fields.heatmaps)
        sums["pafs"] += _products(a.fields.pafs, b.fields.pafs)
        agreement = compare_people(a.poses, b.poses, spec.pose_skeleton)
        per_picture.append((agreement.oks - agreement.people - agreement.extra, str(picture.path)))
        total += agreement
        n_after += len(b.poses)
    names = {"heatmaps": spec.heatmaps.name, "pafs": spec.pafs.name}
    info = int8.network.backend.info
    return Parity(
        images=len(samples),
        runtime=f"{info.name} {info.version}",
        outputs={names[key]: _output_parity(value) for key, value in sums.items()},
        people_before=total.people,
        people_after=n_after,
        agreement=total.mean_oks,
        extra_share=total.extra_share,
        worst=tuple(path for _, path in sorted(per_picture)[:6]),
    )


def judge(parity: Parity, limits: GateOptions, accept: bool) -> Verdict:
    """Hold a parity against the limits. accept: let it through all the same; the reasons stay on record."""
    reasons = []
    for name, output in parity.outputs.items():
        if output.cosine < limits.min_cosine:
            reasons.append(f"output {name} has cosine {output.cosine:.4f} to FP32, wanted {limits.min_cosine}")
    if parity.people_before < limits.min_people:
        reasons.append(
            f"FP32 finds {parity.people_before} people in {parity.images} held-out pictures, a verdict needs "
            f"{limits.min_people}"
        )
    if parity.agreement < limits.min_agreement:
        reasons.append(f"keypoint agreement is {parity.agreement:.3f}, wanted {limits.min_agreement}")
    if parity.extra_share > limits.max_extra_people:
        reasons.append(
            f"{parity.extra_share:.1%} of the people are seen by INT8 only, at most {limits.max_extra_people:.0%} may"
        )
    if parity.ap is not None and parity.ap.loss > limits.max_ap_loss:
        reasons.append(
            f"AP falls from {parity.ap.before:.3f} to {parity.ap.after:.3f} (95 % interval of the loss "
            f"{parity.ap.loss_low:.3f} to {parity.ap.loss_high:.3f}), at most {limits.max_ap_loss} may be lost"
        )
    return Verdict(passed=not reasons, reasons=tuple(reasons), accepted_anyway=bool(reasons) and accept)


def _products(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """a.b, |b|^2 and |a|^2 from which cosine and error follow."""
    a, b = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    return np.array([a @ b, b @ b, a @ a])


def _output_parity(products: NDArray[np.float64]) -> OutputParity:
    ab, bb, aa = (float(value) for value in products)
    return OutputParity(
        cosine=ab / max((aa * bb) ** 0.5, 1e-12), relative_error=(max(aa + bb - 2 * ab, 0.0) / max(aa, 1e-12)) ** 0.5
    )
