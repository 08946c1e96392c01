"""Bytes of a picture into pixels: OpenCV where it reads the whole picture, else Pillow where that is installed."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, TypeVar

import numpy as np

from edgepose.pictures.chunks import still_png
from edgepose.pictures.words import DamagedError, Header, Turn, named
from edgepose.types import Image

_log = logging.getLogger(__name__)

T = TypeVar("T")

_OF_PILLOW = frozenset({"HEIC", "AVIF", "GIF", "WebP", "JPEG 2000", "JPEG XL"})
"""Kinds that not every build of OpenCV reads. Others that it refuses are damaged, whatever a second library makes of
them."""

_HINTS = {"HEIC": ", or install pillow-heif", "AVIF": ", or install Pillow"}


def decode(data: bytes, header: Header, *, upright: bool) -> Image:
    """The first picture as uint8 (H, W, 3) BGR. Raises DamagedError."""
    image = _opencv(data, header, upright=upright)
    if image is None and header.kind in _OF_PILLOW:
        image = _pillow(data, header, upright=upright)
    if image is None and header.kind in _OF_PILLOW | {"camera's raw"}:
        remedy = "convert it to JPEG" + _HINTS.get(header.kind, "")
        raise DamagedError(f"is {named(header.kind)}, which nothing installed here reads whole; {remedy}")
    if image is None:
        raise DamagedError(f"is a damaged {header.kind} picture that OpenCV cannot decode; copy or convert it again")
    return image


def decode_all(data: bytes, header: Header) -> list[tuple[float, Image]]:
    """(seconds since the first, picture) of everything that moves in a file; nothing where nobody reads more of it than
    its first picture."""
    return _opencv_all(data, header) or _pillow_all(data, header)


def _opencv(data: bytes, header: Header, *, upright: bool) -> Image | None:
    import cv2

    if header.kind == "HEIC":
        return None
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    if header.kind == "PNG":
        data = still_png(data)
    with contextlib.suppress(cv2.error, MemoryError):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        if image is not None and _is_whole(image, header):
            turns = header.turns if upright and header.kind != "TIFF" else ()  # OpenCV turns TIFF itself
            return _turned(np.asarray(image, np.uint8), turns)
    return None


def _opencv_all(data: bytes, header: Header) -> list[tuple[float, Image]]:
    import cv2

    if header.kind == "PNG" or not hasattr(cv2, "imdecodeanimation"):  # see `still_png`; OpenCV 4.11 and later
        return []
    with contextlib.suppress(cv2.error, MemoryError):
        found, animation = cv2.imdecodeanimation(np.frombuffer(data, np.uint8))
        if found and animation.frames:
            frames = [frame[..., :3] if frame.ndim == 3 else np.dstack([frame] * 3) for frame in animation.frames]
            upright = [_turned(np.ascontiguousarray(frame, np.uint8), header.turns) for frame in frames]
            return _timed(animation.durations, upright)
    return []


def _pillow(data: bytes, header: Header, *, upright: bool) -> Image | None:
    def work(picture: Any) -> Image | None:
        if not _is_whole_wh(picture.size, header):
            return None
        return _bgr(_upright(picture) if upright else picture)

    return _with_pillow(data, work)


def _pillow_all(data: bytes, header: Header) -> list[tuple[float, Image]]:
    def work(picture: Any) -> list[tuple[float, Image]]:
        durations, frames = [], []
        for number in range(header.n_pictures):
            picture.seek(number)
            frames.append(_bgr(_upright(picture)))
            durations.append(picture.info.get("duration", 0))  # of a WebP known once it is decoded
        return _timed(durations, frames)

    return _with_pillow(data, work) or []


def _with_pillow(data: bytes, work: Callable[[Any], T]) -> T | None:
    """What `work` makes of the picture; None where Pillow or its plug-in is not there, or the file is damaged."""
    try:
        pillow = import_module("PIL.Image")
    except ImportError:
        return None
    with contextlib.suppress(ImportError):
        import_module("pillow_heif").register_heif_opener()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with pillow.open(io.BytesIO(data)) as picture:
                return work(picture)
        except Exception as error:  # a damaged file makes Pillow and its plug-ins raise anything
            _log.debug("Pillow: %r", error)
            return None


def _upright(picture: Any) -> Any:
    return import_module("PIL.ImageOps").exif_transpose(picture)


def _bgr(picture: Any) -> Image:
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"), np.uint8)[..., ::-1])


def _timed(durations_ms: Iterable[float], frames: list[Image]) -> list[tuple[float, Image]]:
    """Times by how long each picture is shown; 0.1 s where a file says nothing, as browsers do."""
    durations = [max(0.0, float(ms)) / 1000 or 0.1 for ms in durations_ms]
    starts = np.concatenate([[0.0], np.cumsum(durations)])[: len(frames)]
    return list(zip(starts.tolist(), frames, strict=False))


def _is_whole(image: Any, header: Header) -> bool:
    return image.ndim == 3 and _is_whole_wh((image.shape[1], image.shape[0]), header)


def _is_whole_wh(size_wh: tuple[int, int], header: Header) -> bool:
    """Whether this is the picture that the header speaks of and not a tile, a thumbnail or a preview of it."""
    return header.cropped or header.size_wh == (0, 0) or sorted(size_wh) == sorted(header.size_wh)


def _turned(image: Image, turns: Iterable[Turn]) -> Image:
    import cv2

    for turn in turns:
        if turn == "flip":
            image = cv2.flip(image, 1)  # type: ignore[assignment]
        elif turn == "upend":
            image = cv2.flip(image, 0)  # type: ignore[assignment]
        elif turn == "transpose":
            image = cv2.transpose(image)  # type: ignore[assignment]
        else:
            quarter = {"half": cv2.ROTATE_180, "right": cv2.ROTATE_90_CLOCKWISE, "left": cv2.ROTATE_90_COUNTERCLOCKWISE}
            image = cv2.rotate(image, quarter[turn])  # type: ignore[assignment]
    return image
