"""From what the network has seen to one result per frame: group, follow, ask the rules. In frame order per source."""

from __future__ import annotations

import time
from collections.abc import Sequence

from edgepose.health import Trouble
from edgepose.look import Network
from edgepose.pipeline.queues import Inferred
from edgepose.pipeline.scene import RuleMaker, Scenes
from edgepose.types import Event, FrameResult


class Judge:
    """Groups the fields of each frame and judges it in the scene of its camera; used by one thread."""

    def __init__(self, network: Network, scenes: Scenes) -> None:
        self._network = network
        self._scenes = scenes

    def __call__(self, inferred: Inferred) -> FrameResult:
        """The people and events of one frame, second looks included."""
        began = time.perf_counter()
        poses = self._network.poses(inferred.fields, inferred.letterbox)
        timings_ms = inferred.timings_ms | {"group": (time.perf_counter() - began) * 1e3}
        return self._scenes.update(inferred.frame, poses, timings_ms)

    def interrupt(self, source: str, why: str) -> list[Event]:
        """What the rules of a camera leave open when nobody looks any more."""
        return self._scenes.interrupt(source, why)

    def use_rules(self, makers: Sequence[RuleMaker]) -> None:
        """Take other rules from the next frame on (`Scene.use_rules`)."""
        self._scenes.use_rules(makers)

    def troubles(self) -> list[tuple[str, Trouble]]:
        """What keeps the rules from judging as they should, each with its camera."""
        return self._scenes.troubles()
