"""Videos end to end: what a network finds in each frame, kept on disk so that rules can be judged again cheaply."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgepose.arrays import read_arrays
from edgepose.config import Config
from edgepose.errors import DataError
from edgepose.files import replacing
from edgepose.look import Network, Sight
from edgepose.pipeline.looks import SecondLooks
from edgepose.pipeline.rules import rule_makers
from edgepose.pipeline.scene import Scenes
from edgepose.replay.recording import RecordedFrame, Recording
from edgepose.replay.rules import Told
from edgepose.sources import open_source
from edgepose.types import Frame, Image, Pose

FORMAT = "2"
"""Of the files kept; one of another format has another name."""


@dataclass(frozen=True)
class Found:
    """The people in one frame. seq: 0-based frame number; t: second in the file; size_wh: of the picture."""

    seq: int
    t: float
    size_wh: tuple[int, int]
    poses: Sequence[Pose]


class VideoFalls:
    """Judges videos for falls with one network, as `Pipeline` and `Analyser` do.

    network_key: words that tell this network and its input size from others, for the cache. n_looks: second looks
    taken so far; n_frames: frames judged. every: look at every n-th frame only.
    """

    def __init__(self, network: Network, network_key: str, config: Config, cache: Path, every: int = 1) -> None:
        self._network_key = network_key
        self._every = every
        self._network = network
        self._config = config
        self._cache = cache
        self.n_looks = self.n_frames = 0

    def told(self, video: Path) -> list[Told]:
        """What the fall rule says of a video, second looks included."""
        found = self.people(video)
        looks = SecondLooks(self._network) if self._config.fall.second_look else None
        scenes = Scenes(self._config.tracking, rule_makers(self._config, ["fall"]), looks)
        frames = _frames(video, self._every) if looks else None
        told: list[Told] = []
        for one in found:
            frame = next(frames) if frames else Frame(_unseen(one.size_wh), one.t, one.seq, video.stem)
            told += [Told(one.seq, event) for event in scenes.update(frame, one.poses, {}).events]
        self.n_frames += len(found)
        self.n_looks += looks.answered if looks else 0
        return told

    def people(self, video: Path) -> list[Found]:
        """The people in every frame of a video, from the cache where this network has seen it."""
        key = hashlib.sha256(f"{video.name} {self._network_key} {self._every} {self._config.decode}".encode())
        path = self._cache / f"{video.stem}-{key.hexdigest()[:12]}.v{FORMAT}.npz"
        found = _load(path)
        if found is None:
            sight = Sight(self._network)
            found = [Found(f.seq, f.t, (f.image.shape[1], f.image.shape[0]), sight(f.image)) for f in self._read(video)]
            _save(path, found)
        return found

    def recording(self, video: Path) -> Recording:
        """The same as a recording, for timelines; of the size that the first picture has."""
        found = self.people(video)
        frames = [RecordedFrame(one.seq, one.t, one.poses) for one in found]
        return Recording(str(video), "default", found[0].size_wh, False, frames)

    def _read(self, video: Path) -> Iterator[Frame]:
        n = 0
        for n, frame in enumerate(_frames(video, self._every), start=1):  # noqa: B007
            yield frame
        if n < 2:
            raise DataError(f"video {str(video)!r} has {n} frames; too few to judge")


def _save(path: Path, found: Sequence[Found]) -> None:
    poses = [pose for one in found for pose in one.poses]
    with replacing(path) as file:
        np.savez_compressed(
            file,
            seq=[one.seq for one in found],
            t=[one.t for one in found],
            size_wh=[one.size_wh for one in found],
            count=[len(one.poses) for one in found],
            keypoints=np.array([pose.keypoints for pose in poses], np.float32).reshape(-1, 18, 3),
            score=[pose.score for pose in poses],
        )


def _load(path: Path) -> list[Found] | None:
    """What `_save` wrote; None where there is nothing that can be read."""
    try:
        file = read_arrays(path, ("seq", "t", "size_wh", "count", "keypoints", "score"))
        poses = list(map(Pose, file["keypoints"], file["score"].tolist()))
        ends = np.cumsum(file["count"]).tolist()
        rows = zip(file["seq"].tolist(), file["t"].tolist(), file["size_wh"].tolist(), strict=True)
        parts = [poses[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
        return [Found(seq, t, (w, h), part) for (seq, t, (w, h)), part in zip(rows, parts, strict=True)]
    except (ValueError, TypeError):  # DataError is a ValueError
        return None


def _unseen(size_wh: tuple[int, int]) -> Image:
    """A picture of this size that takes no memory and that nobody looks at."""
    return np.broadcast_to(np.uint8(0), (size_wh[1], size_wh[0], 3))


def _frames(video: Path, every: int) -> Iterator[Frame]:
    source = open_source(str(video))
    try:
        while True:
            frame = source.read()
            if frame is not None and frame.seq % every == 0:
                yield frame
    except EOFError:
        return
    finally:
        source.close()
