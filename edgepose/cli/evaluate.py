"""`edgepose evaluate`: COCO keypoint AP of a model file, an engine or a training checkpoint."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.cli.needs import need_torch
from edgepose.cli.numbers import HEIGHT
from edgepose.cli.output import add_json_flag, print_report

if TYPE_CHECKING:
    from edgepose.annotations import LocatedPictures
    from edgepose.evaluation import Predict, Scores
    from edgepose.skeleton import Skeleton

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

    is_checkpoint = Path(args.model).suffix in (".pt", ".pth")
    labels = _labels(args.model, is_checkpoint)
    truth = labelled_pictures(args.annotations, args.images, labels)  # says what is wrong before a network is loaded
    scores, about = _checkpoint(args, truth) if is_checkpoint else _model(args, truth)
    print_report({**msgspec.to_builtins(scores), "model": args.model, **about}, as_json=args.json)
    return 0


def _labels(model: str, is_checkpoint: bool) -> Skeleton:
    """The keypoints that the people of the pictures are annotated with; COCO's where the network says of none."""
    from edgepose.keypoint_set import label_skeleton
    from edgepose.skeleton import COCO_17

    if is_checkpoint:
        need_torch("evaluating a checkpoint")
        from edgepose.training.weights.checkpoint import keypoints_of

        return label_skeleton(keypoints_of(Path(model)))
    from edgepose.backends.engine_file import read_sidecar as read_engine_sidecar
    from edgepose.backends.engine_file import sidecar_of
    from edgepose.model import model_path
    from edgepose.model.sidecar import read_sidecar, sidecar_path

    path = model_path(model)
    if path.suffix == ".engine" and sidecar_of(path).is_file():
        return label_skeleton(read_engine_sidecar(path).contract.keypoint_skeleton)
    sidecar = sidecar_path(path)
    return label_skeleton(read_sidecar(sidecar).keypoint_skeleton) if sidecar.is_file() else COCO_17


def _model(args: argparse.Namespace, truth: LocatedPictures) -> tuple[Scores, dict[str, Any]]:
    """Scores of a file that a runtime loads, and what ran it at which height."""
    import msgspec

    from edgepose.backends import BackendOptions
    from edgepose.keypoint_set import label_skeleton
    from edgepose.look.estimator import PoseEstimator

    options = BackendOptions(name=args.backend, precision=args.precision)
    with PoseEstimator(args.model, backend=options, height=args.height) as estimator:
        height = (args.height if estimator.spec.dynamic_size else None) or estimator.spec.input_hw[0]
        labels = label_skeleton(estimator.spec.keypoint_skeleton)
        return _score(estimator, truth, labels), {"height": height, "backend": msgspec.to_builtins(estimator.info)}


def _checkpoint(args: argparse.Namespace, truth: LocatedPictures) -> tuple[Scores, dict[str, Any]]:
    """Scores of a checkpoint of `edgepose train`, run by PyTorch."""
    import torch

    from edgepose.keypoint_set import label_skeleton
    from edgepose.training.network.validate import predictor
    from edgepose.training.weights import checkpoint

    content = checkpoint.load(Path(args.model))
    network = checkpoint.rebuild(content["network"], content["ema"]).eval()
    height = args.height or CHECKPOINT_HEIGHT
    labels = label_skeleton(network.options.keypoint_skeleton)
    about = {"height": height, "backend": f"torch {torch.__version__}"}
    return _score(predictor(network, height), truth, labels), about


def _score(predict: Predict, truth: LocatedPictures, labels: Skeleton) -> Scores:
    from edgepose.cli.progress import track
    from edgepose.evaluation import evaluate_on

    return evaluate_on(predict, truth, partial(track, what="pictures"), labels)
