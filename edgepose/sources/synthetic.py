"""`synthetic://` people: rendered pictures whose truth is known, for tests, demonstrations and cameras not there yet.

    synthetic://?people=3&width=640&height=480&fps=10&frames=100&seed=0&fall_s=4&live=true

`truth(frame)` of the opened source gives the poses that a perfect network would find in a frame.
"""

from __future__ import annotations

import time
from difflib import get_close_matches
from urllib.parse import parse_qsl, urlsplit

import msgspec

from edgepose.errors import ClosedError, SourceError
from edgepose.sources.live import LiveSource
from edgepose.sources.options import SourceOptions
from edgepose.sources.people import Scene, SceneOptions
from edgepose.sources.reader import Shot
from edgepose.sources.render import Painter
from edgepose.sources.uri import camera_name
from edgepose.types import CameraState, Frame, Pose
from edgepose.workers import monotonic


def scene_options(uri: str, options: SourceOptions) -> SceneOptions:
    """The scene that an address asks for; width, height and fps wishes of the options win where they are set.

    Raises SourceError for an unknown key, naming the nearest, and for a value out of range.
    """
    asked: dict[str, object] = dict(parse_qsl(urlsplit(uri).query, keep_blank_values=True))
    wishes = {"width": options.width, "height": options.height, "fps": options.fps}
    asked.update({key: wish for key, wish in wishes.items() if wish})
    known = SceneOptions.__struct_fields__
    for key in asked:
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
            raise SourceError(f"synthetic:// has no setting {key[:40]!r}{hint}")
    try:
        return msgspec.convert(asked, SceneOptions, strict=False)
    except msgspec.ValidationError as error:
        raise SourceError(f"synthetic:// cannot make that scene: {error}") from None


def open_synthetic(
    uri: str = "synthetic://", options: SourceOptions | None = None
) -> SyntheticSource | SyntheticCamera:
    """The scene of an address, as a recording or, with `live=true`, as a camera."""
    options = options or SourceOptions()
    scene = Scene(scene_options(uri, options))
    name = camera_name(options.name, uri)
    return SyntheticCamera(name, scene, options) if scene.options.live else SyntheticSource(name, scene)


class SyntheticSource:
    """Frames of a scene one after the other, as from a file."""

    live = False
    dropped = 0

    def __init__(self, name: str, scene: Scene) -> None:
        self.name = name
        self.scene = scene
        self._reader = SceneReader(scene)
        self._seq = 0
        self._closed = False

    @property
    def state(self) -> CameraState:
        return "offline" if self._closed else "online"

    def truth(self, frame: Frame | int) -> list[Pose]:
        """The people of a frame, given as such or by its number; score 1 where a keypoint is there."""
        return _truth(self.scene, frame)

    def read(self, timeout_s: float = 1.0) -> Frame | None:
        """The next picture; nothing to wait for, so `timeout_s` has no use here."""
        if self._closed:
            raise ClosedError(f"synthetic source '{self.name}' was closed; open it again to read it")
        shot = self._reader.read()
        seq, self._seq = self._seq, self._seq + 1
        return Frame(shot.image, seq * self._reader.period_s, seq, self.name)

    def close(self) -> None:
        self._closed = True


class SyntheticCamera(LiveSource):
    """The same scene at its own pace: who reads too slowly misses pictures, and `dropped` counts them."""

    def __init__(self, name: str, scene: Scene, options: SourceOptions) -> None:
        self.scene = scene
        super().__init__(name, f"camera '{name}'", lambda: SceneReader(scene, paced=True), options, ends=True)

    def truth(self, frame: Frame | int) -> list[Pose]:
        """The people of a frame, given as such or by its number; score 1 where a keypoint is there."""
        return _truth(self.scene, frame)


class SceneReader:
    """Pictures of a scene from its first second on; paced gives each not before its time."""

    def __init__(self, scene: Scene, *, paced: bool = False) -> None:
        self.period_s = 1 / scene.options.fps
        self.skipped = 0
        self._painter = Painter(scene)
        self._n_frames = scene.options.frames
        self._paced = paced
        self._next = 0
        self._started = monotonic()

    def read(self) -> Shot:
        if 0 < self._n_frames <= self._next:
            raise EOFError
        t, self._next = self._next * self.period_s, self._next + 1
        if self._paced:
            time.sleep(max(0.0, self._started + t - monotonic()))
        return Shot(self._painter.paint(t), t)

    def close(self) -> None:
        """Nothing is held."""


def _truth(scene: Scene, frame: Frame | int) -> list[Pose]:
    return scene.poses((frame if isinstance(frame, int) else frame.seq) / scene.options.fps)
