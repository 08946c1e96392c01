"""edgepose calibrate: INT8 from pictures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edgepose.cli.needs import need_torch
from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import ConfigError

HELP = "Measure INT8 ranges with pictures; write a Q/DQ model, a calibration cache and a report."
EXAMPLE = """example:
  edgepose capture --source rtsp://camera/1 -n 500 -o pictures
  edgepose calibrate pose.onnx --images pictures -o pose-int8
writes pose-int8.onnx (TensorRT 8.6 to 11, OpenVINO), pose-int8.cache (TensorRT <= 10, DLA), pose-int8.report.html."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("model", help="FP32 ONNX file")
    parser.add_argument("--images", required=True, metavar="DIR", help="pictures from the cameras it will run on")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="path of the results, without ending")
    parser.add_argument("--size", metavar="HxW", help="input size, such as 224x320; the model's own when left out")
    parser.add_argument("--algorithm", choices=("mse", "entropy", "percentile", "minmax"), default="mse")
    parser.add_argument("--keep", action="append", default=[], metavar="LAYER", help="leave this layer in float")
    parser.add_argument("--float-first", action="store_true", help="leave the layer that sees the picture in float")
    parser.add_argument("--float-heads", action="store_true", help="leave the output layers in float")
    parser.add_argument(
        "--float-budget", type=float, metavar="SHARE", help="share of the arithmetic that may stay in float (0.08)"
    )
    parser.add_argument(
        "--finetune",
        type=int,
        default=0,
        metavar="STEPS",
        help="experimental: train the INT8 weights towards FP32, such as 300 steps",
    )
    parser.add_argument("--max-pictures", type=int, metavar="N", help="most pictures taken (500)")
    parser.add_argument("--judge-images", metavar="DIR", help="pictures that judge, in place of a share of --images")
    parser.add_argument("--no-photos", action="store_true", help="leave photos out of the report page")
    parser.add_argument("--annotations", metavar="JSON", help="COCO keypoints, to state the loss of AP")
    parser.add_argument("--annotated-images", metavar="DIR", help="their pictures, where not in --images")
    parser.add_argument("--accept", action="store_true", help="keep the model even if it fails the gate; recorded")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """0 when the model passed the gate or was accepted, 1 when it was refused."""
    from edgepose.cli.size import parse_size
    from edgepose.engine.int8.job import CalibrationRequest, calibrate
    from edgepose.engine.int8.options import PictureOptions, QuantiseOptions
    from edgepose.model import model_path

    pictures: dict[str, Any] = {} if args.max_pictures is None else {"max_pictures": args.max_pictures}
    quantise: dict[str, Any] = {} if args.float_budget is None else {"float_budget": args.float_budget}
    request = CalibrationRequest(
        model=str(model_path(args.model)),
        images=args.images,
        output=args.output,
        input_hw=parse_size(args.size),
        annotations=args.annotations,
        annotated_images=args.annotated_images,
        pictures=PictureOptions(**pictures),
        quantise=QuantiseOptions(
            algorithm=args.algorithm,
            keep=tuple(args.keep),
            first_layer=not args.float_first,
            head_layers=not args.float_heads,
            **quantise,
        ),
        judge_images=args.judge_images,
        photos=not args.no_photos,
        accept=args.accept,
    )
    report = calibrate(request, _progress, _refine(args.finetune))
    parity, verdict = report.parity, report.verdict
    ok = verdict.passed or verdict.accepted_anyway
    summary: dict[str, Any] = {
        "model": f"{args.output}{'' if ok else '.refused'}.onnx",
        "passed": verdict.passed,
        "accepted_anyway": verdict.accepted_anyway,
        "reasons": list(verdict.reasons),
        "images": report.pictures.calibrate,
        "images_judged": parity.images,
        "algorithm": report.options.algorithm,
        "parity": {
            name: {"cosine": o.cosine, "relative_error": o.relative_error} for name, o in parity.outputs.items()
        },
        "agreement": parity.agreement,
        "int8_only_people": parity.extra_share,
        "people": parity.people_before,
        "layers_in_float": [row.name for row in report.layers if not row.int8],
        "size_ratio": report.size_ratio,
        "seconds": report.seconds,
        "report": f"{args.output}.report.html",
    }
    if parity.ap is not None:
        ap = parity.ap
        summary["AP"] = {"before": ap.before, "after": ap.after, "loss_interval": [ap.loss_low, ap.loss_high]}
    print_report(summary, as_json=args.json)
    if not ok:
        name = Path(f"{args.output}.refused.onnx").name
        print(f"edgepose: refused, the model is left as {name}: {'; '.join(verdict.reasons)}", file=sys.stderr)
    return 0 if ok else 1


def _refine(steps: int) -> Any:
    """Fine-tuning for this many steps, or none."""
    if steps < 0:
        raise ConfigError(f"--finetune wants a number of steps, not {steps}; leave it out for none")
    if not steps:
        return None
    need_torch("fine-tuning")
    from edgepose.training.finetune_int8 import FinetuneOptions, finetuned

    def refine(int8_model: Any, float_model: Any, spec: Any, pictures: Any) -> Any:
        return finetuned(int8_model, float_model, spec, pictures, FinetuneOptions(steps=steps), _progress)

    return refine


def _progress(things: Iterable[Any], n: int, what: str) -> Iterable[Any]:
    from edgepose.cli.progress import track

    source = iter(things)
    for _ in track(range(n), what):
        try:
            yield next(source)
        except StopIteration:
            return
