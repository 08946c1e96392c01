"""One picture through the whole chain, in the calling thread: prepare, infer, group, back to pixels of the picture."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgepose.types import Fields, Image, Pose

if TYPE_CHECKING:
    from edgepose.look.network import Network, Prepared
    from edgepose.look.preprocess import Letterbox
    from edgepose.model import ModelSpec


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a network makes of one picture.

    poses: the people, in pixels of the picture, best first. fields: the maps they were grouped from. prepared: the
    input and how the picture lies in it. timings_ms: preprocess, infer and group.
    """

    poses: list[Pose]
    fields: Fields
    prepared: Prepared
    timings_ms: Mapping[str, float] = field(default_factory=dict)


class Sight:
    """A network's eye for one source or thread: keeps the scratch memory of the last picture size. One per thread.

    input_hw: input (H, W) for every picture; by the picture's own shape when left out.
    """

    def __init__(self, network: Network, input_hw: tuple[int, int] | None = None) -> None:
        self.network = network
        self._preparer = network.preparer(input_hw)

    @property
    def spec(self) -> ModelSpec:
        """The network's contract."""
        return self.network.backend.spec

    def see(
        self,
        image: Image,
        *,
        like_hw: tuple[int, int] | None = None,
        letterbox: Letterbox | None = None,
        urgent: bool = False,
        timeout_s: float | None = None,
    ) -> Seen:
        """Everything the network sees in one picture, uint8 (H, W, 3) BGR.

        like_hw: fit it into the input that a picture of this size (h, w) takes, as for a part cut out of that one.
        letterbox: given where the picture was fitted into the input before, and how; poses are in pixels of the one
        that was. urgent, timeout_s: as `Network.infer`.
        """
        began = time.perf_counter()
        prepared = self._preparer(image, like_hw)
        ready = time.perf_counter()
        (fields,) = self.network.infer([prepared.tensor], backend=prepared.backend, urgent=urgent, timeout_s=timeout_s)
        inferred = time.perf_counter()
        poses = self.network.poses(fields, letterbox or prepared.letterbox)
        ended = time.perf_counter()
        timings_ms = {
            "preprocess": (ready - began) * 1e3,
            "infer": (inferred - ready) * 1e3,
            "group": (ended - inferred) * 1e3,
        }
        return Seen(poses, fields, prepared, timings_ms)

    def __call__(self, image: Image) -> list[Pose]:
        """The people alone: what `edgepose.evaluation.evaluate` asks for."""
        return self.see(image).poses
