"""`edgepose evaluate`: COCO keypoint AP of a model file, an engine or a training checkpoint."""

from __future__ import annotations

import argparse
from functools import partial

from edgepose.cli.output import add_json_flag, print_report

HELP = "COCO keypoint AP of a model on annotated pictures"
EXAMPLE = """example:
  edgepose evaluate pose.onnx --annotations person_keypoints_val2017.json --images val2017 --height 368"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="ONNX file, TensorRT engine or training checkpoint (.pt)")
    parser.add_argument("--annotations", metavar="FILE", required=True, help="COCO keypoint annotations (JSON)")
    parser.add_argument("--images", metavar="DIR", required=True, help="folder of the annotated pictures")
    parser.add_argument("--height", metavar="PX", type=int, help="height of the network input (default: the model's)")
    parser.add_argument("--backend", metavar="NAME", default="auto", help="runtime, see BackendOptions (default: auto)")
    parser.add_argument("--precision", choices=("auto", "f32", "bf16"), default="auto", help="what a CPU computes in")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    import msgspec

    from edgepose.backends import BackendOptions
    from edgepose.cli.progress import track
    from edgepose.estimator import PoseEstimator
    from edgepose.evaluation import evaluate, load_annotations

    load_annotations(args.annotations)  # tell what is wrong with them before a network is loaded
    options = BackendOptions(name=args.backend, precision=args.precision)
    with PoseEstimator(args.model, backend=options, height=args.height) as estimator:
        scores = evaluate(estimator, args.annotations, args.images, partial(track, what="pictures"))
        report = {
            **msgspec.to_builtins(scores),
            "model": args.model,
            "height": args.height or estimator.spec.input_hw[0],
            "backend": msgspec.to_builtins(estimator.info),
        }
    print_report(report, as_json=args.json)
    return 0
