"""COCO keypoint AP of a real network with our grouping and with a plain decoder on eightfold enlarged maps.

    python research/grouping_real_maps.py --model M.onnx --annotations A.json --images DIR [--height 368]

The same maps go to both decoders.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np
from plain_decoder import group_plainly

from edgepose.backends import open_backend
from edgepose.decode import Grouper
from edgepose.evaluation import evaluate
from edgepose.look.network import Preparer
from edgepose.look.preprocess import split_fields
from edgepose.types import Fields, Image, Pose


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--annotations", required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--height", type=int, nargs="+", default=[256, 368])
    args = parser.parse_args()
    backend = open_backend(args.model)
    skeleton = backend.spec.keypoint_skeleton
    decoders: dict[str, Callable[[Fields], list[Pose]]] = {
        "edgepose": Grouper(skeleton),
        "plain, 8x": lambda fields: group_plainly(fields, skeleton),
    }
    print("| height | decoder | AP | AP50 | AP75 | people |\n|---|---|---|---|---|---|")
    for height in args.height:
        prepare = Preparer(backend, height)
        for name, decode in decoders.items():

            def predict(image: Image, decode: Callable[[Fields], list[Pose]] = decode) -> list[Pose]:
                prepared = prepare(image)  # noqa: B023 (called within the turn)
                (fields,) = split_fields(backend.spec, backend.infer(np.ascontiguousarray(prepared.tensor[None])))
                return prepared.letterbox.poses_to_source(decode(fields))

            scores = evaluate(predict, args.annotations, args.images)
            row = (scores.ap, scores.ap50, scores.ap75)
            print(f"| {height} | {name} | {' | '.join(f'{value:.3f}' for value in row)} | {scores.found} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
