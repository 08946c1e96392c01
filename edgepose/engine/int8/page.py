"""The report as one HTML page that needs nothing else: verdict, figures, layers, ranges, pictures side by side."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from edgepose.engine.int8.charts import bars, range_chart, side_by_side
from edgepose.engine.int8.prepare import Prepared
from edgepose.engine.int8.report import CalibrationReport
from edgepose.types import Image, Pose

N_LAYERS = 30

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 960px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
table { border-collapse: collapse } td, th { padding: .25rem 1.2rem .25rem 0; text-align: left; vertical-align: top }
th { font-weight: 600; color: #52606d } .pass { color: #2b8a3e } .fail { color: #c92a2a }
.verdict { font-size: 1.1rem; font-weight: 600 } svg text { font: 11px system-ui, sans-serif; fill: #1f2933 }
svg text.n { fill: #52606d } .grid { display: flex; flex-wrap: wrap; gap: 14px 18px } img { max-width: 100% }
figure { margin: 0 0 1.2rem } figcaption, .note { color: #52606d; font-size: .9rem } svg { max-width: 100% }
"""


def page(
    report: CalibrationReport, prepared: Prepared, pictures: Sequence[tuple[str, Image, Sequence[Pose], Sequence[Pose]]]
) -> str:
    """The whole document. pictures: (path, picture, FP32's people, INT8's people), those that agree least."""
    H, W = report.input_hw
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>INT8: {escape(report.model)}</title>",
        f"<style>{_STYLE}</style><h1>INT8 calibration of {escape(report.model)}</h1>",
        f"<p class=note>{H}x{W}, algorithm {report.options.algorithm}, EdgePose {escape(report.edgepose)}, "
        f"{report.seconds:.0f} s, file {report.size_ratio:.1%} of FP32"
        f"{', weights fine-tuned after the layers below were judged' if report.fine_tuned else ''}</p>",
        _verdict(report),
        "<h2>INT8 against FP32</h2>",
        f"<p class=note>On {report.parity.images} pictures that were not used to calibrate, INT8 in "
        f"{escape(report.parity.runtime)}.</p>",
        _figures(report),
        "<h2>Layers</h2><p class=note>Relative error of the network's worse output when only this layer is INT8; "
        "red layers stay in floating point.</p>",
        _layers(report),
        "<h2>Ranges</h2><p class=note>How often each size of value occurred (logarithmic), and where INT8 ends.</p>",
        "<div class=grid>",
        *(range_chart(name, item, prepared.ends[name]) for name, item in prepared.histograms.items()),
        "</div>",
        "<h2>The pictures that agree least</h2><p class=note>FP32 left, INT8 right.</p>" if pictures else "",
        *(
            f"<figure>{side_by_side(image, exact, int8)}<figcaption>{escape(Path(path).name)}</figcaption></figure>"
            for path, image, exact, int8 in pictures
        ),
        "</html>",
    ]
    return "\n".join(parts)


def _verdict(report: CalibrationReport) -> str:
    verdict = report.verdict
    if verdict.passed:
        return "<p class='verdict pass'>Passed: INT8 may be used in place of FP32.</p>"
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in verdict.reasons)
    word = "Accepted all the same" if verdict.accepted_anyway else "Refused"
    return f"<p class='verdict fail'>{word}:</p><ul>{reasons}</ul>"


def _figures(report: CalibrationReport) -> str:
    parity, counts = report.parity, report.pictures
    rows = [
        ("people found", f"{parity.people_before} by FP32, {parity.people_after} by INT8"),
        ("keypoint agreement", f"{parity.agreement:.4f} (mean OKS over FP32's people, unmatched ones 0)"),
        ("INT8-only people", f"{parity.extra_share:.1%} of FP32's"),
    ]
    for name, output in parity.outputs.items():
        rows.append((f"output {name}", f"cosine {output.cosine:.5f}, relative error {output.relative_error:.4f}"))
    if parity.ap is not None:
        ap = parity.ap
        interval = f"95 % interval {ap.loss_low:+.3f} to {ap.loss_high:+.3f}"
        rows.append(
            (
                "COCO AP",
                f"{ap.before:.3f} before, {ap.after:.3f} after: loss {ap.loss:+.3f} ({interval}), {ap.images} pictures",
            )
        )
    left_out = f"{counts.unreadable} unreadable, {counts.blank} blank, {counts.duplicates} repeated"
    rows.append(
        ("pictures", f"{counts.found} looked at, {left_out}; {counts.calibrate} calibrated, {counts.judge} judged")
    )
    rows.append(("with people", f"{counts.with_people:.0%} of the calibration pictures"))
    cells = "".join(f"<tr><th>{escape(name)}<td>{escape(text)}" for name, text in rows)
    return f"<table>{cells}</table>"


def _layers(report: CalibrationReport) -> str:
    measured = [(row.name, row.output_error, not row.int8) for row in report.layers if row.output_error is not None]
    if not measured:
        measured = [(row.name, row.layer_error, not row.int8) for row in report.layers if row.layer_error is not None]
    rows = sorted(((name, float(error or 0), kept) for name, error, kept in measured), key=lambda row: -row[1])
    share = sum(row.share for row in report.layers if not row.int8)
    kept = sum(not row.int8 for row in report.layers)
    note = f"<p>{kept} of {len(report.layers)} layers, {share:.1%} of the cost, stay in floating point.</p>"
    return note + bars(rows[:N_LAYERS], "")
