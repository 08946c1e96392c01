"""Videos judged end to end: found people through tracking and the fall rule, second looks included."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgepose.config import Config
from edgepose.look import Network
from edgepose.pipeline.looks import SecondLooks
from edgepose.pipeline.rules import rule_makers
from edgepose.pipeline.scene import Scenes
from edgepose.replay.found import FoundPeople
from edgepose.replay.recording import Recording
from edgepose.replay.rules import Told
from edgepose.types import Frame, Image


class VideoFalls:
    """Judges videos for falls with one network, as `Pipeline` and `Analyser` do.

    found: whose people are judged, and whose pictures the network gets for a second look. n_looks: second looks taken
    so far; n_frames: frames judged.
    """

    def __init__(self, network: Network, config: Config, found: FoundPeople) -> None:
        self._network = network
        self._config = config
        self._found = found
        self.n_looks = self.n_frames = 0

    def told(self, video: Path) -> list[Told]:
        """What the fall rule says of a video, second looks included."""
        found = self._found.people(video)
        looks = SecondLooks(self._network) if self._config.fall.second_look else None
        skeleton = self._network.backend.spec.pose_skeleton
        scenes = Scenes(self._config.tracking, rule_makers(self._config, ["fall"], skeleton), looks, skeleton)
        frames = self._found.frames(video) if looks else None
        told: list[Told] = []
        for one in found:
            frame = next(frames) if frames else Frame(_unseen(one.size_wh), one.t, one.seq, video.stem)
            told += [Told(one.seq, event) for event in scenes.update(frame, one.poses, {}).events]
        self.n_frames += len(found)
        self.n_looks += looks.answered if looks else 0
        return told

    def recording(self, video: Path) -> Recording:
        """The people of a video as a recording, for timelines."""
        return self._found.recording(video)


def _unseen(size_wh: tuple[int, int]) -> Image:
    """A picture of this size that takes no memory and that nobody looks at."""
    return np.broadcast_to(np.uint8(0), (size_wh[1], size_wh[0], 3))
