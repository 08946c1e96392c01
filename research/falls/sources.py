"""Where labelled people come from, and which of them count as one source when one is left out.

A folder of data holds fall/ (three manifests and the care room's videos) and acts/. Copies of one recording by another
pose network (split alt_dev) are left out, so that no recording judges itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from network import found_people, opened

from edgepose.files import sha256_of
from edgepose.replay import Recording, load_recording
from edgepose.replay.acts import load_acts, takes
from edgepose.replay.manifest import Clip, load_manifest
from edgepose.replay.recorded import RecordedFrame
from edgepose.training.trajectories import DAILY, FALLS, generate

ROOM_EVERY = 3
SEEDS = range(60_000, 60_025)  # of generated people; other measurements and trainings use other ones
LIES_THERE = ("laying",)  # UP-Fall's act in which somebody lies on the floor from the first frame to the last
VISIBLE = 0.5  # share of a generated person that is in the picture
EVERY_ACT, EXERCISE_S = 4, 30.0  # every n-th clip counts (`acts-eval` has all); how long exercises go to and fro
N_STILLS = 10  # of a file of stills, each shown for a moment


@dataclass(frozen=True)
class Case:
    """One clip of a source. key: changes with what is in it. read: its people, as plain poses."""

    source: str
    clip: Clip
    key: str
    read: Callable[[], Recording]


@dataclass(frozen=True)
class Data:
    """The folder, and the network that finds people in its videos."""

    folder: Path
    model: str
    height: int
    cache: Path


def recorded(manifest: str, *datasets: str) -> Callable[[Data, str], Iterator[Case]]:
    """The clips of some data sets (their names begin so; all without one) as others' pose networks saw them."""

    def cases(data: Data, source: str) -> Iterator[Case]:
        for clip in load_manifest(data.folder / manifest):
            if clip.split != "alt_dev" and clip.dataset.startswith(datasets or ("",)):
                clip = replace(clip, lies_from_start=clip.lies_from_start or clip.activity in LIES_THERE)
                yield Case(source, clip, sha256_of(clip.npz), lambda clip=clip: load_recording(clip.npz)[0])

    return cases


def room(data: Data, source: str) -> Iterator[Case]:
    """The care room's videos as the network sees them; found once, which takes minutes."""
    clips = load_manifest(data.folder / "fall/room/manifest_room_dev.json")
    with opened(data.model, data.height) as (network, key):
        people = found_people(network, key, data.cache, ROOM_EVERY)
        for clip in clips:
            assert clip.video is not None
            found = people.recording(clip.video)
            yield Case(source, clip, f"{sha256_of(clip.video)} {key}", lambda found=found: found)


def generated(data: Data, source: str) -> Iterator[Case]:
    for name, script in {**FALLS, **DAILY}.items():
        for seed in SEEDS:
            person = generate(script, seed)
            if (person.keypoints[..., 2] > 0).mean() < VISIBLE:
                continue
            clip_id, is_fall = f"{name} {seed}", name in FALLS
            clip = Clip(clip_id, source, "", name, is_fall, Path(), None, None, person.fallen_s)
            frames = [RecordedFrame(i, t, poses) for i, (poses, t) in enumerate(person.frames())]
            recording = Recording(clip_id, "default", person.size_wh, False, frames)
            key = hashlib.sha256(person.keypoints.tobytes()).hexdigest()
            yield Case(source, clip, key, lambda recording=recording: recording)


def acts(exercise_s: float) -> Callable[[Data, str], Iterator[Case]]:
    """Everyday acts and sports in which nobody falls: short clips, or exercises played to and fro."""

    def cases(data: Data, source: str) -> Iterator[Case]:
        found = [one for one in load_acts(data.folder / "acts/manifest.json") if "fall" not in one.group]
        if exercise_s:
            found = [one for one in found if one.truth.to_and_fro_s]
        for act in found[::EVERY_ACT]:
            kind, digest = f"{act.dataset}: {act.group}", sha256_of(act.npz)
            for k, take in enumerate(takes(act, exercise_s, N_STILLS)):
                clip = Clip(f"{act.clip_id} {k}", source, "", kind, False, act.npz, None, None, None)
                yield Case(source, clip, f"{digest} {k} {exercise_s}", lambda take=take: take)

    return cases


FOREIGN = "fall/foreign/manifest_foreign_dev.json"
SOURCES: dict[str, Callable[[Data, str], Iterator[Case]]] = {
    "UP-Fall": recorded("fall/manifest_dev.json", "UP-Fall"),
    "UR Fall": recorded("fall/manifest_dev.json", "URFD"),
    "GMDCSA24": recorded("fall/manifest_dev.json", "GMDCSA24"),
    "foreign D": recorded(FOREIGN, "FallVision-like recorder_D"),
    "foreign dated and letters": recorded(FOREIGN, "FallVision-like dated", "FallVision-like letters"),
    "care room": room,
    "generated": generated,
    "crowds": recorded("fall/manifest_extra_multiperson_dev.json"),
    "everyday acts": acts(0.0),
    "exercises": acts(EXERCISE_S),
}
"""Dated and letters are one: apart, one holds only falls and the other none, and a judge would learn the recorder."""

WITHOUT_FALLS = ("crowds", "everyday acts", "exercises")


def half_of(case: Case) -> int:
    """1 or 2, by the clip's name: rules may be chosen on one half and judged on the other."""
    return 1 + hashlib.sha256(case.clip.clip_id.encode()).digest()[0] % 2


def cases_of(data: Data, names: list[str]) -> dict[str, list[Case]]:
    """Cases by source."""
    return {name: list(SOURCES[name](data, name)) for name in names}
