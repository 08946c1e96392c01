"""Falls from another network's keypoints: COCO-17 arrays in, events out, without a network of EdgePose.

    .venv/bin/python examples/coco17_falls.py people.npz

The file holds fps, size_wh, and keypoints as float (T, P, 17, 3): x, y in pixels, and score, 0 for who is not there.
The same loop takes arrays straight from a YOLO, RTMO or MoveNet program.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

import edgepose


def events_of(frames: Iterable[np.ndarray[Any, Any]], fps: float, size_wh: tuple[int, int]) -> Iterator[edgepose.Event]:
    """The events of frames, each an array (P, 17, 3) of x, y, score in pixels."""
    with edgepose.Analyser(rules=["fall"], network=False) as analyser:
        for number, people in enumerate(frames):
            poses = [edgepose.convert(person, "coco17") for person in people if (person[:, 2] > 0).any()]
            yield from analyser.update(t=number / fps, poses=poses, size_wh=size_wh).events


def main(path: str) -> None:
    recording = np.load(path)
    width, height = recording["size_wh"].tolist()
    for event in events_of(recording["keypoints"], float(recording["fps"]), (width, height)):
        print(f"{event.t:7.2f} s  {event.kind} {event.stage}, person {event.track_id}")


if __name__ == "__main__":
    main(sys.argv[1])
