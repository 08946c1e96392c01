"""How many short clips of walks and runs are reported as walking: python research/walking_clips.py SHARED/acts

jhmdb's clips last a second or two, while `activity.hold_s` has to pass after the first step.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from edgepose import Tracker
from edgepose.events.activity import ActivityRule
from edgepose.types import Pose


def main() -> None:
    folder = Path(sys.argv[1])
    clips = json.loads((folder / "manifest.json").read_text())["clips"]
    wanted = [clip for clip in clips if clip["dataset"] == "jhmdb" and clip["activity"] in ("walk", "run")]
    seconds, walking = [], 0
    for clip in wanted:
        recording = np.load(folder / clip["file"])
        keypoints, fps = recording["keypoints"][:, 0].astype(np.float32), float(recording["fps"])
        keypoints[keypoints[..., 2] <= 0] = (np.nan, np.nan, 0)
        tracker, rule = Tracker(), ActivityRule(size_wh=(int(recording["width"]), int(recording["height"])))
        said = set()
        for i, person in enumerate(keypoints):
            tracks = tracker.update([Pose(person, 1.0)], i / fps)
            said |= {event.stage for event in rule.update(tracks, i / fps)}
        seconds.append(len(keypoints) / fps)
        walking += "walking" in said
    print(f"{walking} of {len(wanted)} clips, {np.median(seconds):.1f} s in the middle")


if __name__ == "__main__":
    main()
