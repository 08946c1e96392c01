"""People on the floor: late frames of falls that the shipped network was not trained on.

    python research/floor_people.py MODEL --videos DIR [--height 256] [--draw SHEET.png]

floor_frames.json names 60 frames of 32 recordings (UP-Fall subject 1, UR Fall Detection; DIR is fall/videos of the
development material) with the box of the person on the floor, drawn by hand, and boxes of bystanders, who count for
nothing. Found: a skeleton has at least 5 keypoints in the person's box. False: any other skeleton of at least 5.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

FRAMES = Path(__file__).with_name("floor_frames.json")
MIN_KEYPOINTS = 5

Predict = Callable[[np.ndarray], Sequence[Any]]


def inside(pose: Any, box: Sequence[float], size_wh: tuple[int, int]) -> int:
    """How many of the keypoints lie in a box given in shares of the picture."""
    xy = pose.keypoints[pose.found, :2] / size_wh
    return int(((xy >= box[:2]) & (xy <= box[2:])).all(1).sum())


def measure(predict: Predict, videos: Path, sheet: Path | None = None) -> dict[str, Any]:
    """Counts over all frames: found, false, frames, and which frames were missed."""
    report: dict[str, Any] = {"frames": 0, "found": 0, "false": 0, "missed": []}
    drawn = []
    for entry in json.loads(FRAMES.read_text()):
        image = read_frame(videos / f"{entry['video']}.mp4", entry["frame"])
        size_wh = image.shape[1], image.shape[0]
        poses = [pose for pose in predict(image) if pose.found.sum() >= MIN_KEYPOINTS]
        on_floor = [inside(pose, entry["box"], size_wh) >= MIN_KEYPOINTS for pose in poses]
        bystander = [any(inside(p, box, size_wh) * 2 >= p.found.sum() for box in entry["others"]) for p in poses]
        report["frames"] += 1
        report["found"] += any(on_floor)
        report["false"] += sum(not (floor or other) for floor, other in zip(on_floor, bystander, strict=True))
        if not any(on_floor):
            report["missed"].append(f"{entry['video']}:{entry['frame']}")
        if sheet is not None:
            drawn.append(draw(image, poses, entry["box"]))
    if sheet is not None:
        cv2.imwrite(str(sheet), np.vstack([np.hstack(drawn[i : i + 6]) for i in range(0, len(drawn), 6)]))
    return report


def read_frame(video: Path, index: int) -> np.ndarray:
    capture = cv2.VideoCapture(str(video))
    for _ in range(index):
        capture.grab()
    found, frame = capture.read()
    if not found:
        sys.exit(f"{video} has no frame {index}; give the folder of the recordings with --videos")
    return frame


def draw(image: np.ndarray, poses: Sequence[Any], box: Sequence[float]) -> np.ndarray:
    from edgepose.overlay import draw as draw_poses

    picture = draw_poses(image, poses)
    h, w = picture.shape[:2]
    corners = [(int(box[i] * w), int(box[i + 1] * h)) for i in (0, 2)]
    return cv2.resize(cv2.rectangle(picture, *corners, (0, 255, 255), 1), (320, 240))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--videos", type=Path, required=True)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--draw", type=Path)
    args = parser.parse_args()
    import edgepose

    estimator = edgepose.PoseEstimator(args.model, height=args.height)
    print(json.dumps(measure(estimator, args.videos, args.draw), indent=2))


if __name__ == "__main__":
    main()
