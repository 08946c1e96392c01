"""What a model finds in a picture, for `model check --image`: drawn and counted, scaled by two kernels."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edgepose.backends import open_backend
from edgepose.look import Network
from edgepose.model import Kernel, ModelSpec
from edgepose.overlay import draw
from edgepose.pictures import read_image, write_image
from edgepose.types import Fields, Image, Pose

BACKGROUND_SHARE = 0.5
"""A background channel is near 1 in most of a picture; a mean below this means that it is not one."""

MORE_PEOPLE = 1.2
"""The other kernel is worth a word where it finds this many times as many keypoints."""

STRIP_PX = 24
"""Height of the line of words above each half of the drawn picture."""


def look(args: argparse.Namespace, spec: ModelSpec) -> dict[str, Any]:
    """Run the model on a picture, draw the people, and say what looks wrong."""
    image = read_image(args.image)
    network = Network(open_backend(args.file, spec=spec), args.height or 0)
    kernels = spec.resize, other_kernel(spec.resize)
    try:
        found = [_seen(network, image, kernel) for kernel in kernels]
        info = network.backend.info
    finally:
        network.close()
    counts = [_counted(poses) for poses, _ in found]
    source = Path(args.image)
    target = Path(args.output) if args.output else source.with_name(f"{source.stem}.pose.jpg")
    halves = [
        _half(image, poses, f"{kernel}{'' if n else ' (contract)'}: {count['people']} people")
        for n, (kernel, count, (poses, _)) in enumerate(zip(kernels, counts, found, strict=True))
    ]
    write_image(target, np.hstack(halves))
    return {
        **counts[0],
        "kernels": dict(zip(kernels, counts, strict=True)),
        "backend": f"{info.name} {info.version}, {info.device}, {info.precision}",
        "drawn": str(target),
        "doubts": [*_doubts(spec, found[0][1], counts[0]), *kernel_doubts(kernels, counts)],
    }


def other_kernel(kernel: Kernel) -> Kernel:
    """One of the other kind: some take pixels as they lie, the others take means."""
    return "area" if kernel in ("linear", "cubic") else "linear"


def _seen(network: Network, image: Image, kernel: Kernel) -> tuple[list[Pose], Fields]:
    prepared = network.preparer(kernel=kernel)(image)
    (fields,) = network.infer([prepared.tensor])
    return network.poses(fields, prepared.letterbox), fields


def _counted(poses: Sequence[Pose]) -> dict[str, Any]:
    return {
        "people": len(poses),
        "keypoints": sum(int(pose.found.sum()) for pose in poses),
        "score": max((pose.score for pose in poses), default=0.0),
    }


def _half(image: Image, poses: Sequence[Pose], words: str) -> Image:
    strip = np.zeros((STRIP_PX, image.shape[1], 3), np.uint8)
    cv2.putText(strip, words, (4, STRIP_PX - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return np.vstack((strip, draw(image, poses)))


def _doubts(spec: ModelSpec, fields: Fields, count: dict[str, Any]) -> list[str]:
    n_keypoints = spec.keypoint_skeleton.n_keypoints
    background = float(fields.heatmaps[n_keypoints].mean()) if len(fields.heatmaps) > n_keypoints else None
    doubts = []
    if background is not None and background < BACKGROUND_SHARE:
        doubts.append(
            f"the channel after the keypoints has mean {background:.2f}, and a background is near 1: heatmaps and PAFs "
            "may lie the other way round, or the input is not what the model wants"
        )
    if not count["people"]:
        doubts.append("nobody was found: a wrong colour order or normalisation looks like this; try another --preset")
    return doubts


def kernel_doubts(kernels: Sequence[Kernel], counts: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence where the second kernel finds many more keypoints than the contract's."""
    ours, theirs = (count["keypoints"] for count in counts)
    if theirs <= MORE_PEOPLE * ours:
        return []
    return [
        f"scaled by {kernels[1]} the picture shows {theirs} keypoints, by {kernels[0]} {ours}: look at both halves, "
        f'and if the right one is better on other pictures, too, write "resize": "{kernels[1]}" into the sidecar'
    ]
