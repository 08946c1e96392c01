"""The pipeline without threads or publishers, for a host program that has its own frames."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np

from edgepose.config import Config
from edgepose.errors import ClosedError, ShapeError
from edgepose.look.sight import Sight
from edgepose.pipeline.looks import SecondLooks
from edgepose.pipeline.opening import ModelLike, configuration, open_network
from edgepose.pipeline.rules import RuleLike, rule_makers
from edgepose.pipeline.scene import Scenes
from edgepose.types import Frame, FrameResult, Image


class Analyser:
    """Turns a host program's frames into tracks and events, in the calling thread.

    The same stages as `Pipeline`, so the same frames give the same result. Use it from one thread at a time; each
    `source` name has people and rules of its own.
    """

    def __init__(
        self,
        config: Config | str | Path | None = None,
        *,
        model: ModelLike | None = None,
        rules: Iterable[RuleLike] | None = None,
    ) -> None:
        config = configuration(config)
        makers = rule_makers(config, rules)
        self._network = open_network(config, model)
        self._scenes = Scenes(config.tracking, makers, SecondLooks(self._network))
        self._sights: dict[str, Sight] = {}
        self._next_seq: dict[str, int] = {}
        self._closed = False

    def update(self, image: Image, t: float, source: str = "default") -> FrameResult:
        """People and events after one frame.

        image: uint8 (H, W, 3) BGR. t: monotonic second of its capture, growing from call to call per source. source:
        the camera it came from. The result keeps the image. Raises ShapeError for another kind of array or a `t` that
        is no number, and ClosedError after `close`.
        """
        if self._closed:
            raise ClosedError("this Analyser is closed; make a new one")
        frame = Frame(checked_image(image), checked_time(t), self._next_seq.get(source, 0), source)
        self._next_seq[source] = frame.seq + 1
        if source not in self._sights:
            self._sights[source] = Sight(self._network)
        seen = self._sights[source].see(frame.image)
        return self._scenes.update(frame, seen.poses, seen.timings_ms)

    def close(self) -> None:
        """Free the network; closing twice is fine."""
        if not self._closed:
            self._closed = True
            self._network.close()

    def __enter__(self) -> Analyser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def checked_image(image: Image) -> Image:
    """The image itself; ShapeError when it is not uint8 (H, W, 3)."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        found = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ShapeError(f"a frame is a uint8 array (H, W, 3) in BGR, got {found}")
    if 0 in image.shape:
        raise ShapeError(f"a frame has at least one pixel, got shape {image.shape}")
    return image


def checked_time(t: float) -> float:
    """The second itself; ShapeError when it is not finite."""
    if not math.isfinite(t):
        raise ShapeError(f"t is the second of capture, got {t}")
    return float(t)
