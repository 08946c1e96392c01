"""`synthetic://` people: rendered pictures whose truth is known, for tests, demonstrations and cameras not there yet.

    synthetic://?people=3&width=640&height=480&fps=10&frames=100&seed=0&fall_s=4&live=true

`SyntheticSource.truth(frame)` gives the poses that a perfect network would find in a frame.
"""

from __future__ import annotations

from difflib import get_close_matches
from urllib.parse import parse_qsl, urlsplit

import msgspec

from edgepose.errors import ClosedError, SourceError
from edgepose.sources.options import SourceOptions
from edgepose.sources.people import Scene, SceneOptions
from edgepose.sources.render import Painter
from edgepose.sources.uri import camera_name
from edgepose.types import CameraState, Frame, Pose


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


class SyntheticSource:
    """Frames of a synthetic scene, one after the other; `live=true` is opened as a camera by `open_synthetic`."""

    live = False
    dropped = 0

    def __init__(self, uri: str = "synthetic://", options: SourceOptions | None = None) -> None:
        options = options or SourceOptions()
        self.name = camera_name(options.name, uri)
        self.scene = Scene(scene_options(uri, options))
        self._painter = Painter(self.scene)
        self._seq = 0
        self._closed = False

    @property
    def state(self) -> CameraState:
        return "offline" if self._closed else "online"

    def truth(self, frame: Frame | int) -> list[Pose]:
        """The people of a frame, given as such or by its number; score 1 where a keypoint is there."""
        seq = frame if isinstance(frame, int) else frame.seq
        return self.scene.poses(seq / self.scene.options.fps)

    def read(self, timeout_s: float = 1.0) -> Frame | None:
        """The next picture; nothing to wait for, so `timeout_s` has no use here."""
        if self._closed:
            raise ClosedError(f"synthetic source '{self.name}' was closed; open it again to read it")
        if 0 < self.scene.options.frames <= self._seq:
            raise EOFError
        seq, self._seq = self._seq, self._seq + 1
        t = seq / self.scene.options.fps
        return Frame(self._painter.paint(t), t, seq, self.name)

    def close(self) -> None:
        self._closed = True
