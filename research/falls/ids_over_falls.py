"""Does the person who falls keep one id? Frames around each fall with the ids drawn, to count switches by eye.

    python research/falls/ids_over_falls.py MANIFEST PICTURES_DIR [--clips 10] [--every 3]

Prints per clip which ids are seen, from when to when, and how many keypoints they have; a switch is a new id on the
same body, which only the pictures say. One picture per clip: twelve moments from two seconds before the onset to the
end of what is marked, four in a row.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from network import add_network_arguments, found_people, opened

from edgepose.config import Config
from edgepose.overlay import draw
from edgepose.pictures import write_image
from edgepose.replay.manifest import Clip, load_manifest
from edgepose.replay.rules import tracked
from edgepose.types import Image, Track

BEFORE_S, AFTER_S, MOMENTS, WIDTH = 2.0, 5.0, 12, 400


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest")
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--every", type=int, default=3)
    add_network_arguments(parser)
    args = parser.parse_args(argv)
    falls = [clip for clip in load_manifest(args.manifest) if clip.is_fall and clip.video]
    with opened(args.model, args.height) as (network, key):
        people = found_people(network, key, args.cache, args.every)
        for clip in falls[:: max(1, len(falls) // args.clips)][: args.clips]:
            assert clip.video is not None
            frames = tracked(people.recording(clip.video), Config().tracking).frames
            tracks = {frame.number: (frame.t, list(frame.people)) for frame in frames}
            begins_s, ends_s = (clip.onset_s or 0.0) - BEFORE_S, (clip.impact_s or 0.0) + AFTER_S
            seen = {number: one for number, one in tracks.items() if begins_s <= one[0] <= ends_s}
            shown = [list(seen)[i] for i in np.linspace(0, len(seen) - 1, MOMENTS).astype(int)]
            images = [
                drawn(frame.image, *tracks[frame.seq]) for frame in people.frames(clip.video) if frame.seq in set(shown)
            ]
            rows = [np.hstack(images[i : i + 4]) for i in range(0, MOMENTS, 4)]
            write_image(args.pictures / f"{clip.clip_id}.png", np.vstack(rows))
            print(f"{clip.clip_id}: onset {clip.onset_s:.1f} s, impact {clip.impact_s:.1f} s; {lives(clip, seen)}")


def drawn(image: Image, t: float, tracks: Sequence[Track]) -> Image:
    """A frame with its people and their ids; ids of people who are missing in it are left out."""
    there = [track for track in tracks if track.missing_s == 0]
    picture = draw(image, there)
    for track in there:
        points = track.pose.keypoints
        x, y = np.nanmin(points[:, 0]), np.nanmin(points[:, 1])
        cv2.putText(picture, str(track.id), (int(x), int(y) - 4), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (0, 0, 255), 3)
    height = round(WIDTH * image.shape[0] / image.shape[1])
    picture = cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)
    cv2.putText(picture, f"{t:.2f} s", (6, height - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 255, 255), 1)
    return picture


def lives(clip: Clip, seen: dict[int, tuple[float, list[Track]]]) -> str:
    """Every id with the seconds in which it is seen, and in how many frames."""
    times: dict[int, list[float]] = {}
    for t, tracks in seen.values():
        for track in tracks:
            if track.missing_s == 0:
                times.setdefault(track.id, []).append(t)
    return ", ".join(f"id {i}: {some[0]:.1f} to {some[-1]:.1f} s ({len(some)} frames)" for i, some in times.items())


if __name__ == "__main__":
    main()
