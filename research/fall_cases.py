"""What fall_head.py compares on: clips, generated people, and the clips played differently, with what the rules say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from edgepose.config import Config
from edgepose.events.measure import measure
from edgepose.replay import Recording, load_recording, replay
from edgepose.replay.falls import EARLY_S
from edgepose.replay.manifest import Clip
from edgepose.replay.recording import RecordedFrame
from edgepose.tracking import Tracker
from edgepose.training.fall_head.samples import EVERY_S, FIRST_S, LOST_S, visible_person
from edgepose.training.fall_head.sights import Sights
from edgepose.training.trajectories import DAILY, FALLS
from edgepose.types import FloatArray, Track

REJOIN_S, REJOIN = 3.0, 0.8  # a new track this near (body heights) one lost no longer ago goes on with its story
DESCENTS = ("fast descent", "lost while falling")  # causes of a suspicion that the head is asked about
ROLL_DEG = 10.0


@dataclass
class Story:
    """Windows of one person: seconds and float32 (CHANNELS, STEPS) each, gathered while the person is seen."""

    sights: Sights
    first_s: float
    seen_s: float
    centre: tuple[float, float]
    height_px: float
    seconds: list[float]
    windows: list[FloatArray]


@dataclass(frozen=True)
class Case:
    """One clip. rules: suspicions as (second, story or -1, whether the head is asked). stories: everybody in it."""

    clip: Clip
    rules: list[tuple[float, int, bool]]
    stories: list[Story]

    @property
    def earliest_s(self) -> float:
        """What is told before this was guessed, not found; as in `judge`."""
        return -1.0 if self.clip.onset_s is None or not self.clip.is_fall else self.clip.onset_s - EARLY_S


def tracked(recording: Recording) -> Recording:
    """The recording of poses with their tracks."""
    follow = Tracker()
    frames = [replace(f, people=follow.update(f.people, f.t)) for f in recording.frames]  # type: ignore[arg-type]
    return replace(recording, tracked=True, frames=frames)


def case(clip: Clip, recording: Recording) -> Case:
    """Ask the rules about tracked people, and cut everybody's windows."""
    stories: list[Story] = []
    story_of: dict[int, int] = {}
    for frame in recording.frames:
        t, tracks = frame.t, cast("tuple[Track, ...]", frame.people)
        for track, body in zip(tracks, measure(tracks), strict=True):
            if track.missing_s > 0 or not body.measurable:
                continue
            if track.id not in story_of:
                story_of[track.id] = _story(stories, body.centre, t)
            story = stories[story_of[track.id]]
            story.sights.see(track.pose.keypoints, body, t)
            story.seen_s, story.centre, story.height_px = t, body.centre, body.height_px
        for story in stories:
            due = not story.seconds or t - story.seconds[-1] >= EVERY_S - 0.01
            if due and t - story.seen_s <= LOST_S and t >= story.first_s + FIRST_S:
                story.seconds.append(t)
                story.windows.append(story.sights.window(t, recording.size_wh))
    found = Case(clip, [], stories)
    for one in replay(recording, Config(), ("fall",)):
        if one.event.stage == "suspected" and one.event.t >= found.earliest_s:
            asked = one.event.evidence["cause"] in DESCENTS
            found.rules.append((one.event.t, story_of.get(one.event.track_id or 0, -1), asked))
    return found


def _story(stories: list[Story], centre: tuple[float, float], t: float) -> int:
    """The story that a new track goes on with: that of somebody lost beside it, or a new one."""
    for i, story in enumerate(stories):
        if 0 < t - story.seen_s <= REJOIN_S and math.dist(centre, story.centre) < REJOIN * story.height_px:
            return i
    stories.append(Story(Sights(), t, t, centre, 0.0, [], []))
    return len(stories) - 1


def people(first_seed: int, n: int) -> Iterator[Case]:
    """Generated people, `n` per script; the data set of each is its script."""
    for name, script in {**FALLS, **DAILY}.items():
        for seed in range(first_seed, first_seed + n):
            person = visible_person(script, seed)
            frames = [RecordedFrame(i, t, poses) for i, (poses, t) in enumerate(person.frames())]
            clip = Clip(f"{name} {seed}", name, "", name, name in FALLS, Path(), None, None, person.fallen_s)
            yield case(clip, tracked(Recording(clip.clip_id, "default", person.size_wh, False, frames)))


def _rolled(points: FloatArray, size_wh: tuple[int, int]) -> None:
    turn, middle = math.radians(ROLL_DEG), np.array(size_wh) / 2
    c, s = math.cos(turn), math.sin(turn)
    points[:, :2] = (points[:, :2] - middle) @ np.array([[c, s], [-s, c]]) + middle


def _without_legs(points: FloatArray, size_wh: tuple[int, int]) -> None:
    points[[9, 10, 12, 13]] = (np.nan, np.nan, 0)


CHANGES: dict[str, Callable[[FloatArray, tuple[int, int]], None]] = {
    "camera rolled": _rolled,
    "legs hidden": _without_legs,
}
"""What another camera or room would do to keypoints (18, 3) of a picture of (width, height)."""

WAYS_TO_PLAY = ("as recorded", "every third frame", *CHANGES)


def clip_cases(clips: list[Clip], ways: Sequence[str] = WAYS_TO_PLAY) -> Iterator[tuple[str, Case]]:
    """Labelled clips, each played in several ways."""
    for clip in clips:
        raw = load_recording(clip.npz)[0]
        usual = tracked(raw)
        for way in ways:
            if way == "every third frame":
                yield way, case(clip, tracked(raw.every(3)))
            else:
                yield way, case(clip, _changed(usual, CHANGES[way]) if way in CHANGES else usual)


def _changed(recording: Recording, change: Callable[[FloatArray, tuple[int, int]], None]) -> Recording:
    """Tracked people with their keypoints changed."""
    frames = []
    for frame in recording.frames:
        people = []
        for track in cast("tuple[Track, ...]", frame.people):
            points = track.pose.keypoints.copy()
            change(points, recording.size_wh)
            people.append(replace(track, pose=replace(track.pose, keypoints=points)))
        frames.append(replace(frame, people=tuple(people)))
    return replace(recording, frames=frames)


def video_cases(clips: list[Clip], folder: Path) -> Iterator[Case]:
    """The clips whose people a network has found in the videos: NPZ files named after the clip in a folder."""
    for clip in clips:
        for path in sorted(folder.glob(f"{clip.npz.stem}-*.npz"))[:1]:
            yield case(clip, tracked(load_recording(path)[0]))
