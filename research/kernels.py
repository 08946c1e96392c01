"""What the kernel that scales pictures does to a network: COCO AP and people per frame of a video, kernel by kernel.

python research/kernels.py pose.onnx --heights 256 368 --annotations truth.json --images photos --video street.avi
--sheets FOLDER draws thirty frames of the video, numbered, for counting false people by hand.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

import cv2
import numpy as np

from edgepose.backends import open_backend
from edgepose.evaluation import evaluate
from edgepose.look import Network
from edgepose.model import Kernel
from edgepose.overlay import draw
from edgepose.types import Image, Pose

EVERY = 8
N_DRAWN = 30


class Eye:
    """A network that scales with one kernel."""

    def __init__(self, network: Network, kernel: Kernel) -> None:
        self._network = network
        self._prepare = network.preparer(kernel=kernel)

    def __call__(self, image: Image) -> list[Pose]:
        prepared = self._prepare(image)
        (fields,) = self._network.infer([prepared.tensor])
        return self._network.poses(fields, prepared.letterbox)


def frames_of(video: str) -> list[Image]:
    """Every eighth frame."""
    capture, frames = cv2.VideoCapture(video), []
    while capture.grab():
        if len(frames) * EVERY <= capture.get(cv2.CAP_PROP_POS_FRAMES) - 1:
            frames.append(np.asarray(capture.retrieve()[1], np.uint8))
    return frames


def write_sheets(eye: Eye, frames: list[Image], name: str, folder: Path) -> None:
    """Six frames a sheet, everybody numbered."""
    folder.mkdir(parents=True, exist_ok=True)
    tiles = []
    for number in np.linspace(0, len(frames) - 1, N_DRAWN).astype(int):
        poses = eye(frames[number])
        tile = draw(frames[number], poses)
        for k, pose in enumerate(poses):
            x, y = np.nanmin(pose.keypoints[:, :2], 0)
            cv2.putText(tile, str(k + 1), (int(x), int(y) - 6), 0, 0.8, (0, 0, 255), 2)
        cv2.putText(tile, f"{name}, frame {number * EVERY}: {len(poses)}", (8, 24), 0, 0.8, (0, 255, 255), 2)
        tiles.append(tile)
    for k in range(0, len(tiles), 6):
        rows = [np.hstack(tiles[k + row : k + row + 2]) for row in (0, 2, 4)]
        cv2.imwrite(str(folder / f"{name}-{k // 6}.png"), np.vstack(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model")
    parser.add_argument("--heights", type=int, nargs="+", default=[256])
    parser.add_argument("--annotations")
    parser.add_argument("--images", default=".")
    parser.add_argument("--video")
    parser.add_argument("--sheets", type=Path)
    args = parser.parse_args()
    frames = frames_of(args.video) if args.video else []
    backend = open_backend(args.model)
    for height in args.heights:
        network = Network(backend, height)
        for kernel in get_args(Kernel):
            eye, words = Eye(network, kernel), [f"height {height} {kernel:<8}"]
            if args.annotations:
                scores = evaluate(eye, args.annotations, args.images)
                words.append(f"AP {scores.ap:.3f} AP50 {scores.ap50:.3f}")
            if frames:
                words.append(f"{np.mean([len(eye(frame)) for frame in frames]):.2f} people a frame")
                if args.sheets:
                    write_sheets(eye, frames, f"{height}-{kernel}", args.sheets)
            print("  ".join(words), flush=True)
    backend.close()


if __name__ == "__main__":
    main()
