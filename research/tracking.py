"""Ids: which association rule keeps them, how far smoothing lags, what tracking and all rules cost.

    python research/tracking.py [--clips MANIFEST] [--json]

Truth comes from generated people who cross each other's way, seen through an imperfect network. With --clips, the ids
given on recorded clips of several people are counted beside it; they have no true identities.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from edgepose.events import RULES, open_rule
from edgepose.replay import load_recording
from edgepose.replay.manifest import load_manifest
from edgepose.tracking import Tracker, TrackerOptions, tracker
from edgepose.tracking.association import box_overlap, oks, oks_and_motion
from edgepose.training.trajectories import DAILY, FALLS, Camera, generate
from edgepose.types import FloatArray, Pose

CAMERA = Camera((0.0, 6.0, 1.8), (0.0, 0.0, 0.8), 75.0, 0.0, (640, 480))
PASSES = 15
SIMILARITIES = {"box overlap": box_overlap, "OKS": oks, "OKS and motion": oks_and_motion}


def best_in_sum(likeness: FloatArray, min_similarity: float) -> list[tuple[int, int]]:
    """The Hungarian assignment, to compare the greedy one with."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-likeness)
    return [(r, c) for r, c in zip(rows.tolist(), columns.tolist(), strict=True) if likeness[r, c] >= min_similarity]


ASSIGNMENTS: dict[str, Callable[..., list[tuple[int, int]]]] = {"greedy": tracker.pair_up, "Hungarian": best_in_sum}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", metavar="MANIFEST")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    scenes = [crowd(seed) for seed in range(12)]
    report: dict[str, object] = {}
    for name, similarity in SIMILARITIES.items():
        for how, assignment in ASSIGNMENTS.items():
            tracker.pair_up = assignment
            counts = [switches(scene, similarity) for scene in scenes]
            row = {
                "id switches": sum(a for a, _ in counts),
                "ids for people": [sum(b for _, b in counts), 3 * len(counts)],
            }
            if args.clips:
                row["ids on clips"] = sum(ids_of(clip.npz, similarity) for clip in load_manifest(args.clips))
            report[f"{name}, {how}"] = row
    tracker.pair_up = ASSIGNMENTS["greedy"]
    report["lag_ms"] = lag_ms()
    report["ms per frame, 10 people"] = cost_ms()
    if args.json:
        json.dump(report, sys.stdout, indent=2)
        return
    for name, row in report.items():
        print(f"{name}: {row}")


def crowd(seed: int) -> list[tuple[list[Pose], list[int], float]]:
    """Frames of three people crossing: poses in random order, whose they are, and the second."""
    scripts = [*FALLS.values(), *DAILY.values()]
    r = np.random.default_rng(seed)
    people = []
    for i in range(3):
        one = generate(scripts[r.integers(len(scripts))], 100 * seed + i, fps=12, camera=CAMERA, noise=0.7)
        people.append(one.keypoints)
    n = min(len(points) for points in people)
    frames = []
    for f in range(n):
        found = []
        for i, points in enumerate(people):
            moved = points[f].copy()
            moved[:, 0] += (i - 1) * 220 * np.cos(np.pi * f / n)  # all three pass each other
            if (moved[:, 2] > 0).sum() >= 3:
                found.append((Pose(moved, 0.6), i))
        r.shuffle(found)
        frames.append(([pose for pose, _ in found], [i for _, i in found], f / 12))
    return frames


def switches(
    scene: list[tuple[list[Pose], list[int], float]], similarity: Callable[..., FloatArray]
) -> tuple[int, int]:
    """How often the id on a true person changes, and how many ids were given."""
    follow = Tracker(TrackerOptions(smooth=False), similarity=similarity)
    last: dict[int, int] = {}
    changes, ids = 0, set()
    for poses, truth, t in scene:
        tracks = [track for track in follow.update(poses, t) if track.missing_s == 0]
        ids |= {track.id for track in tracks}
        for pose, person in zip(poses, truth, strict=True):
            mine = [
                track.id for track in tracks if np.array_equal(track.pose.keypoints, pose.keypoints, equal_nan=True)
            ]
            if mine:
                changes += last.get(person, mine[0]) != mine[0]
                last[person] = mine[0]
    return changes, len(ids)


def ids_of(path: object, similarity: Callable[..., FloatArray]) -> int:
    """Ids given on one recorded clip."""
    follow = Tracker(similarity=similarity)
    return len(
        {track.id for frame in load_recording(str(path))[0].frames for track in follow.update(frame.people, frame.t)}
    )  # type: ignore[arg-type]


def lag_ms() -> float:
    """How late a walking person is shown: shift along the way, over the speed, after the first half second."""
    walker = generate(DAILY["walk"], 4, fps=25, camera=CAMERA, facing_deg=0, noise=0)
    follow, late = Tracker(), []
    before = None
    for poses, t in walker.frames():
        tracks = follow.update(poses, t)
        if not poses or not tracks:
            continue
        true = np.nanmean(poses[0].keypoints[:, :2], 0)
        if before is not None and t > 0.5:
            step = true - before
            behind = true - np.nanmean(tracks[0].pose.keypoints[:, :2], 0)
            late.append(1000 / 25 * float(behind @ step) / max(float(step @ step), 1e-9))
        before = true
    return round(statistics.median(late), 1)


def cost_ms() -> dict[str, float]:
    """Median milliseconds of CPU time of tracking and of each rule for ten people, and their sum; the best of passes.

    Posture and activity look at a person in every third frame, which no median shows: `mean` is that of all frames.
    """
    people = [
        generate(script, i, fps=20, noise=0.3) for i, script in enumerate([*FALLS.values(), *DAILY.values()][:10])
    ]
    n = min(len(one.keypoints) for one in people)
    frames = []
    for f in range(n):
        poses = []
        for i, one in enumerate(people):
            points = one.keypoints[f].copy()
            points[:, 0] = points[:, 0] * 640 / one.size_wh[0] + 700 * i
            points[:, 1] *= 480 / one.size_wh[1]
            if (points[:, 2] > 0).any():
                poses.append(Pose(points, 0.6))
        frames.append(poses)
    best: dict[str, float] = {}
    mean = math.inf
    for _ in range(PASSES):
        follow, rules = Tracker(), {name: open_rule(name, None, (7000, 480)) for name in RULES}
        spent: dict[str, list[float]] = {"tracking": [], **{name: [] for name in rules}}
        for f, poses in enumerate(frames):
            began = time.thread_time()
            tracks = follow.update(poses, f / 20)
            spent["tracking"].append(time.thread_time() - began)
            for name, rule in rules.items():
                began = time.thread_time()
                rule.update(tracks, f / 20)
                spent[name].append(time.thread_time() - began)
        for name, times in spent.items():
            best[name] = min(best.get(name, 9e9), 1000 * statistics.median(times))
        mean = min(mean, 1000 * statistics.fmean(map(sum, zip(*spent.values(), strict=True))))
    parts = {name: round(value, 3) for name, value in best.items()}
    return {**parts, "all": round(sum(best.values()), 3), "mean": round(mean, 3)}


if __name__ == "__main__":
    main()
