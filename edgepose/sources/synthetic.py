"""`synthetic://` people: rendered pictures whose truth is known, for tests, demonstrations and cameras not there yet.

    synthetic://?people=3&width=640&height=480&fps=10&frames=100&seed=0&fall_s=4&live=true

`SyntheticSource.truth(frame)` gives the poses that a perfect network would find in a frame.
"""

from __future__ import annotations

from difflib import get_close_matches
from urllib.parse import parse_qsl, urlsplit

import cv2
import msgspec
import numpy as np

from edgepose.errors import ClosedError, SourceError
from edgepose.skeleton import BODYPOSENET_18
from edgepose.sources.options import SourceOptions
from edgepose.sources.people import Scene, SceneOptions
from edgepose.sources.uri import camera_name
from edgepose.types import CameraState, Frame, Image, Pose

_SUBPIXEL_BITS = 4
_SKIN, _HAIR = (140, 170, 215), (45, 55, 70)
_WALL, _FLOOR = (196, 201, 203), (120, 134, 146)
_LIMBS = (("shoulder", "elbow", "wrist", 0.055), ("hip", "knee", "ankle", 0.075))


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
        self._background = background(self.scene.options)
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
        image = render(self.scene, seq / self.scene.options.fps, self._background)
        return Frame(image, seq / self.scene.options.fps, seq, self.name)

    def close(self) -> None:
        self._closed = True


def background(options: SceneOptions) -> Image:
    """A room: wall and floor with some grain, so that no two neighbouring pixels are quite alike."""
    rng = np.random.default_rng(options.seed)
    picture = np.empty((options.height, options.width, 3), np.float32)
    horizon = int(0.62 * options.height)
    picture[:horizon] = _WALL
    picture[horizon:] = _FLOOR
    picture *= np.linspace(0.82, 1.06, options.width)[None, :, None]
    picture += rng.normal(0, 3, picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def render(scene: Scene, t: float, room: Image) -> Image:
    """The picture of a scene at second `t`, people from far to near over the room."""
    image = room.copy()
    for person, pose in enumerate(scene.poses(t)):
        rng = np.random.default_rng((scene.options.seed, person))
        shirt, trousers = (tuple(int(c) for c in rng.integers(40, 200, 3)) for _ in range(2))
        _draw_person(image, pose, float(scene.height_px[person]), shirt, trousers)
    return image


def _draw_person(image: Image, pose: Pose, height_px: float, shirt: tuple[int, ...], trousers: tuple[int, ...]) -> None:
    def at(name: str) -> tuple[float, float] | None:
        x, y, score = pose.keypoints[BODYPOSENET_18.index(name)]
        return (float(x), float(y)) if score > 0 else None

    def limbs(side: str, shade: float) -> None:
        for (*joints, width), colour in zip(_LIMBS, (shirt, trousers), strict=True):
            points = [at(f"{side}_{joint}") for joint in joints]
            for start, end in zip(points, points[1:], strict=False):
                if start and end:
                    _line(image, start, end, width * height_px, tuple(shade * c for c in colour))
            if points[-1]:
                _disc(image, points[-1], 0.03 * height_px, tuple(shade * c for c in _SKIN))

    limbs("l", 0.75)
    corners = [at(name) for name in ("r_shoulder", "l_shoulder", "l_hip", "r_hip")]
    if all(corners):
        for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
            _line(image, start, end, 0.07 * height_px, shirt)
        polygon = (np.array(corners) * 2**_SUBPIXEL_BITS).round().astype(np.int32)
        cv2.fillConvexPoly(image, polygon, shirt, cv2.LINE_AA, _SUBPIXEL_BITS)
    neck, face = at("neck"), [at(name) for name in ("nose", "r_ear", "l_ear")]
    if neck and any(face):
        head = tuple(float(v) for v in np.mean([point for point in face if point], 0))
        _line(image, neck, head, 0.06 * height_px, _SKIN)
        _disc(image, head, 0.076 * height_px, _HAIR)
        _disc(
            image, tuple(0.8 * h + 0.2 * (at("nose") or head)[i] for i, h in enumerate(head)), 0.066 * height_px, _SKIN
        )
        for name in ("r_eye", "l_eye"):
            eye = at(name)
            if eye:
                _disc(image, eye, 0.009 * height_px, _HAIR)
    limbs("r", 1.0)


def _line(image: Image, start, end, width: float, colour) -> None:  # type: ignore[no-untyped-def]
    ends = [tuple(round(v * 2**_SUBPIXEL_BITS) for v in point) for point in (start, end)]
    cv2.line(image, *ends, colour, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL_BITS)


def _disc(image: Image, centre, radius: float, colour) -> None:  # type: ignore[no-untyped-def]
    middle = tuple(round(v * 2**_SUBPIXEL_BITS) for v in centre)
    cv2.circle(image, middle, max(1, round(radius * 2**_SUBPIXEL_BITS)), colour, -1, cv2.LINE_AA, _SUBPIXEL_BITS)
