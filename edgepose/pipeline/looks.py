"""Second looks: a rule's wish to see a part of the last frame again, turned, answered before the next frame is judged.

Files and host programs always get an answer, so that what a run says does not depend on how fast the network is. A
live camera cannot wait for ever: its look is refused when the network would answer too late.
"""

from __future__ import annotations

import time

from edgepose.look import Network, Sight
from edgepose.look.crop import cut_out, to_frame
from edgepose.types import Frame, LookAgain, Pose
from edgepose.workers import Busy

LIVE_S = 0.2
LIVE_FRAMES = 3
"""Longest wait for a look at a live camera: these seconds, or as many frames of it where they take longer."""


class SecondLooks:
    """Answers the second looks of one thread through a network that others may use meanwhile.

    live: names of the sources that cannot wait. answered, refused: looks so far.
    """

    def __init__(self, network: Network, live: frozenset[str] = frozenset()) -> None:
        self._network = network
        self._live = live
        self._sight = Sight(network)
        self.answered = self.refused = 0

    def deadline(self, frame: Frame, every_s: float) -> float | None:
        """Monotonic second by which looks at this frame of a camera with a frame each `every_s` are over."""
        if frame.source not in self._live:
            return None
        return time.monotonic() + max(LIVE_S, LIVE_FRAMES * every_s)

    def answer(self, frame: Frame, request: LookAgain, deadline: float | None) -> list[Pose] | None:
        """The people found there, in pixels of the frame; None where the answer would come after the deadline."""
        poses = self._look(frame, request, deadline)
        self.answered += poses is not None
        self.refused += poses is None
        return poses

    def _look(self, frame: Frame, request: LookAgain, deadline: float | None) -> list[Pose] | None:
        crop = cut_out(frame.image, request)
        if crop is None:
            return []
        left_s = None if deadline is None else deadline - time.monotonic() - self._network.infer_s
        if left_s is not None and left_s < 0:
            return None
        image_hw = (frame.image.shape[0], frame.image.shape[1])
        try:
            seen = self._sight.see(crop, like_hw=image_hw, urgent=True, timeout_s=left_s)
        except Busy:
            return None
        return to_frame(seen.poses, request, image_hw)
