"""`edgepose evaluate`: COCO keypoint AP of a model file, an engine or a training checkpoint."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.cli.numbers import HEIGHT
from edgepose.cli.output import add_json_flag, print_report
from edgepose.errors import MissingDependencyError

if TYPE_CHECKING:
    from edgepose.annotations import LocatedPictures
    from edgepose.evaluation import Predict, Scores

HELP = "COCO keypoint AP of a model on annotated pictures"
EXAMPLE = """example:
  edgepose evaluate pose.onnx --annotations person_keypoints_val2017.json --images val2017 --height 368"""

CHECKPOINT_HEIGHT = 256
"""Height of the network input for a checkpoint, which declares none, in pixels."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="ONNX file, TensorRT engine or training checkpoint (.pt)")
    parser.add_argument("--annotations", metavar="FILE", required=True, help="COCO keypoint annotations (JSON)")
    parser.add_argument("--images", metavar="DIR", required=True, help="folder of the annotated pictures")
    parser.add_argument("--height", metavar="PX", type=HEIGHT, help="height of the network's input (default: its own)")
    parser.add_argument("--backend", metavar="NAME", default="auto", help="runtime, see BackendOptions (default: auto)")
    parser.add_argument("--precision", choices=("auto", "f32", "bf16"), default="auto", help="what a CPU computes in")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    import msgspec

    from edgepose.evaluation import labelled_pictures

    truth = labelled_pictures(args.annotations, args.images)  # says what is wrong before a network is loaded
    is_checkpoint = Path(args.model).suffix in (".pt", ".pth")
    scores, about = _checkpoint(args, truth) if is_checkpoint else _model(args, truth)
    print_report({**msgspec.to_builtins(scores), "model": args.model, **about}, as_json=args.json)
    return 0


def _model(args: argparse.Namespace, truth: LocatedPictures) -> tuple[Scores, dict[str, Any]]:
    """Scores of a file that a runtime loads, and what ran it at which height."""
    import msgspec

    from edgepose.backends import BackendOptions
    from edgepose.look.estimator import PoseEstimator

    options = BackendOptions(name=args.backend, precision=args.precision)
    with PoseEstimator(args.model, backend=options, height=args.height) as estimator:
        height = (args.height if estimator.spec.dynamic_size else None) or estimator.spec.input_hw[0]
        return _score(estimator, truth), {"height": height, "backend": msgspec.to_builtins(estimator.info)}


def _checkpoint(args: argparse.Namespace, truth: LocatedPictures) -> tuple[Scores, dict[str, Any]]:
    """Scores of a checkpoint of `edgepose train`, run by PyTorch."""
    try:
        import torch

        from edgepose.training.network.validate import predictor
        from edgepose.training.weights import checkpoint
    except ImportError as error:
        raise MissingDependencyError(f"a checkpoint needs PyTorch ({error}); install edgepose[train]") from None
    content = checkpoint.load(Path(args.model))
    network = checkpoint.rebuild(content["network"], content["ema"]).eval()
    height = args.height or CHECKPOINT_HEIGHT
    return _score(predictor(network, height), truth), {"height": height, "backend": f"torch {torch.__version__}"}


def _score(predict: Predict, truth: LocatedPictures) -> Scores:
    from edgepose.cli.progress import track
    from edgepose.evaluation import evaluate_on

    return evaluate_on(predict, truth, partial(track, what="pictures"))
