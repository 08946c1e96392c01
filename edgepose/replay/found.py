"""People that a network finds in a video, kept on disk by the contents of video and network: two of one name are two.

So that rules can be judged again cheaply, by `fall-eval --videos` and by what is measured in research/.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgepose.arrays import read_arrays
from edgepose.decode import GroupOptions
from edgepose.errors import DataError
from edgepose.files import replacing, sha256_of
from edgepose.look import Network, Sight
from edgepose.replay.recorded import RecordedFrame, Recording
from edgepose.sources import open_source
from edgepose.types import Frame, Image, Pose

FORMAT = "3"
"""Of the files kept; one of another format has another name."""


@dataclass(frozen=True)
class Found:
    """The people in one frame. seq: 0-based frame number; t: second in the file; size_wh: of the picture."""

    seq: int
    t: float
    size_wh: tuple[int, int]
    poses: Sequence[Pose]


@dataclass(frozen=True)
class Change:
    """What is done to every picture before the network sees it. name: of exactly this change, for the cache.

    apply(image, seq): uint8 (H, W, 3) BGR and the 0-based frame number, the same picture again for the same numbers.
    """

    name: str
    apply: Callable[[Image, int], Image]


class FoundPeople:
    """Finds the people of videos with one network, or remembers whom it found.

    network_key: words that tell this network and its input size from others. every: look at every n-th frame only.
    """

    def __init__(
        self,
        network: Network,
        network_key: str,
        group_options: GroupOptions,
        cache: Path,
        every: int = 1,
        change: Change | None = None,
    ) -> None:
        self._network = network
        self._key = f"{network_key} {every} {group_options}" + (f" {change.name}" if change else "")
        self._cache = cache
        self._every = every
        self._change = change

    def people(self, video: Path) -> list[Found]:
        """The people in every frame, from the cache where this network has seen this video."""
        key = hashlib.sha256(f"{self.contents(video)} {self._key}".encode())
        path = self._cache / f"{video.stem}-{key.hexdigest()[:12]}.v{FORMAT}.npz"
        found = _load(path)
        if found is None:
            sight = Sight(self._network)
            found = [
                Found(f.seq, f.t, (f.image.shape[1], f.image.shape[0]), sight(f.image)) for f in self.frames(video)
            ]
            if len(found) < 2:
                raise DataError(f"video {str(video)!r} has {len(found)} frames; too few to judge")
            _save(path, found)
        return found

    def contents(self, video: Path) -> str:
        """What tells these pictures from all others."""
        return sha256_of(video)

    def recording(self, video: Path) -> Recording:
        """The same as a recording of plain poses; of the size that the first picture has."""
        found = self.people(video)
        frames = [RecordedFrame(one.seq, one.t, one.poses) for one in found]
        return Recording(str(video), "default", found[0].size_wh, False, frames)

    def frames(self, video: Path) -> Iterator[Frame]:
        """The pictures that the network sees."""
        for frame in _frames(video, self._every):
            if self._change:
                frame = replace(frame, image=self._change.apply(frame.image, frame.seq))
            yield frame


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
