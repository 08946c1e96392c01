"""Rules on generated people: falls and daily life, gestures and activities with their quiet neighbours.

    python research/generated_people.py [--seeds 25] [--first-seed 40000] [--json]

People who are out of the picture for most of the time are left out. Gestures are made facing the camera within 45
degrees. A gesture counts when it alone is told; a neighbour when nothing (activities: not that one) is told.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence

import numpy as np

from edgepose.events import open_rule
from edgepose.tracking import Tracker
from edgepose.training.trajectories import (
    ACTIVITIES,
    DAILY,
    FALLS,
    GESTURES,
    QUIET_ACTIVITIES,
    QUIET_GESTURES,
    Trajectory,
    generate,
)
from edgepose.types import Event

VISIBLE = 0.75
RETRY = 1000


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=25)
    parser.add_argument("--first-seed", type=int, default=40000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    report: dict[str, dict[str, str]] = {"falls suspected": {}, "daily life quiet": {}}
    for name, script in FALLS.items():
        report["falls suspected"][name] = share(
            "suspected" in told(script, seed, "fall", 180, 0.5)[1] for seed in seeds
        )
    for name, script in DAILY.items():
        report["daily life quiet"][name] = share(
            "suspected" not in told(script, seed, "fall", 180, 0.5)[1] for seed in seeds
        )
    report["gestures"] = pairs(GESTURES, QUIET_GESTURES, "gesture", seeds)
    report["activities"] = pairs(ACTIVITIES, QUIET_ACTIVITIES, "activity", seeds)
    if args.json:
        json.dump(report, sys.stdout, indent=2)
        return
    for title, rows in report.items():
        print(title, *(f"  {name}: {row}" for name, row in rows.items()), sep="\n")


def pairs(loud: dict[str, Callable], quiet: dict[str, Callable], rule: str, seeds: range) -> dict[str, str]:  # type: ignore[type-arg]
    rows, right = {}, []
    for (name, script), (neighbour, other) in zip(loud.items(), quiet.items(), strict=True):
        facing = 45 if rule == "gesture" else 180
        found = []
        for seed in seeds:
            person, stages = told(script, seed, rule, facing, VISIBLE)
            found.append(stages == {wanted(name, person)} if rule == "gesture" else name in stages)
        silent = []
        for seed in seeds:
            stages = told(other, seed, rule, facing, VISIBLE)[1]
            silent.append(not stages if rule == "gesture" else name not in stages)
        rows[name], rows[f"not {name}: {neighbour}"] = share(found), share(silent)
        right += found + silent
    return {**rows, "all": share(right)}


def wanted(name: str, person: Trajectory) -> str:
    """`point` becomes the side of the picture where the arm goes."""
    if name != "point":
        return name
    shoulder_x, wrist_x = person.truth[len(person.truth) // 2, [2, 4], 0]
    return "point_right" if wrist_x > shoulder_x else "point_left"


def told(script: Callable, seed: int, rule: str, facing_deg: float, visible: float) -> tuple[Trajectory, set[str]]:  # type: ignore[type-arg]
    """A person who is in the picture, and the stages that the rule tells."""
    person = generate(script, seed, facing_deg=facing_deg)
    while np.isfinite(person.keypoints[..., 0]).mean() < visible:
        seed += RETRY
        person = generate(script, seed, facing_deg=facing_deg)
    follow, watch = Tracker(), open_rule(rule, None, person.size_wh)
    stages = set()
    for poses, t in person.frames():
        stages |= {found.stage for found in watch.update(follow.update(poses, t), t) if isinstance(found, Event)}
    return person, stages


def share(right: Sequence[bool] | object) -> str:
    values = list(right)  # type: ignore[call-overload]
    return f"{sum(values)}/{len(values)}"


if __name__ == "__main__":
    main()
