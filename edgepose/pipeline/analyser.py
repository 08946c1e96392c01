"""The pipeline without threads or publishers, for a host program that has its own frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from edgepose.config import Config
from edgepose.errors import ClosedError, ShapeError
from edgepose.look.sight import Sight
from edgepose.pictures import Colour, as_image
from edgepose.pipeline.looks import SecondLooks
from edgepose.pipeline.opening import ModelLike, configuration, open_network
from edgepose.pipeline.rules import RuleLike, rule_makers
from edgepose.pipeline.scene import Scenes
from edgepose.skeleton import BODYPOSENET_18
from edgepose.types import Frame, FrameResult, Image, Pose
from edgepose.types.given import check_people, check_second, check_size


class Analyser:
    """Turns a host program's frames into tracks and events, in the calling thread.

    The same stages as `Pipeline`, so the same frames give the same result. Use it from one thread at a time; each
    `source` name has people and rules of its own.

    height: of the network input in pixels. min_score: smallest score of a person, 0 to 1. network: False where another
    network finds the people and `update` is given its `poses`; no model is opened then, and second looks are refused.

    Raises ConfigError, ModelError or BackendError in one sentence, ShapeError for a picture that is none.

    >>> import edgepose, numpy
    >>> people = edgepose.convert({"left_hip": (300, 200, 0.9), "right_hip": (280, 200, 0.9)})
    >>> with edgepose.Analyser(rules=["fall"], network=False) as analyser:
    ...     result = analyser.update(t=0.0, poses=[people], size_wh=(640, 480))
    >>> result.size_wh, len(result.events)
    ((640, 480), 0)
    """

    def __init__(
        self,
        config: Config | str | Path | None = None,
        *,
        model: ModelLike | None = None,
        rules: Iterable[RuleLike] | None = None,
        height: int | None = None,
        min_score: float | None = None,
        network: bool = True,
    ) -> None:
        config = configuration(config, height, min_score)
        with ExitStack() as opened:  # rules that are refused let go of the network
            self._network = open_network(config, model) if network else None
            skeleton = BODYPOSENET_18
            if self._network is not None:
                opened.callback(self._network.close)
                skeleton = self._network.backend.spec.pose_skeleton
            makers = rule_makers(config, rules, skeleton)
            opened.pop_all()
        looks = SecondLooks(self._network) if self._network else None
        self._scenes = Scenes(config.tracking, makers, looks, skeleton)
        self._sights: dict[str, Sight] = {}
        self._next_seq: dict[str, int] = {}
        self._closed = False

    def update(
        self,
        image: Any = None,
        t: float = math.nan,
        source: str = "default",
        *,
        poses: Sequence[Pose] | None = None,
        size_wh: tuple[int, int] | None = None,
        colour: Colour = "bgr",
    ) -> FrameResult:
        """People and events after one frame.

        image: uint8 (H, W, 3) BGR, or what else `PoseEstimator` takes. t: monotonic second of its capture, growing from
        call to call per source. source: the camera it came from. The result keeps the image.
        poses: of an Analyser without a network, the people in the frame as `edgepose.convert` gives them. The image may
        then be left out, and size_wh says how many pixels it has.
        Raises ShapeError for another kind of picture, or a `t` that is no number, and ClosedError after `close`.
        """
        if self._closed:
            raise ClosedError("this Analyser is closed; make a new one")
        check_size(size_wh)
        blank = image is None and size_wh is not None and self._network is None
        picture = blank_image(size_wh) if blank and size_wh else as_image(image, colour)
        frame = Frame(picture, checked_time(t), self._next_seq.get(source, 0), source)
        found, timings_ms = self._people(frame, poses)
        self._next_seq[source] = frame.seq + 1
        result = self._scenes.update(frame, found, timings_ms)
        return replace(result, image=None) if blank else result

    def _people(self, frame: Frame, poses: Sequence[Pose] | None) -> tuple[Sequence[Pose], dict[str, float]]:
        """The people of one frame, by this one's network or as they were given; and what that took."""
        if self._network is None:
            if poses is None:
                raise ShapeError("this Analyser has no network of its own; give the people of the frame as poses=")
            check_people(poses)
            return poses, {}
        if poses is not None:
            raise ShapeError("this Analyser finds people itself; make it with network=False to give it poses")
        if frame.source not in self._sights:
            self._sights[frame.source] = Sight(self._network)
        seen = self._sights[frame.source].see(frame.image)
        return seen.poses, dict(seen.timings_ms)

    def close(self) -> None:
        """Free the network; closing twice is fine."""
        if not self._closed:
            self._closed = True
            if self._network is not None:
                self._network.close()

    def __enter__(self) -> Analyser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def blank_image(size_wh: tuple[int, int]) -> Image:
    """A black picture of a size that takes no memory; ShapeError for a size that is none."""
    width, height = size_wh
    if min(width, height) < 1:
        raise ShapeError(f"size_wh is width and height of the picture in pixels, got {size_wh}")
    return np.broadcast_to(np.uint8(0), (height, width, 3))


def checked_time(t: float) -> float:
    """The second itself; ShapeError when it is not finite."""
    check_second(t)
    if not math.isfinite(t):
        raise ShapeError(f"t is the second of capture, growing from frame to frame, got {t}")
    return float(t)
