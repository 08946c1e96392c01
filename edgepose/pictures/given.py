"""A picture as a program hands it in, made a uint8 (H, W, 3) BGR array, or refused with the conversion to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from edgepose.errors import ShapeError
from edgepose.pictures.reading import read_image
from edgepose.types import Image

Colour = Literal["bgr", "rgb"]


def as_image(picture: Any, colour: Colour = "bgr") -> Image:
    """uint8 (H, W, 3) BGR of an array, a PIL picture, or the path of a file.

    picture: array (H, W, 3) in the order of `colour`; with a fourth channel, which is dropped; or grey, (H, W) or
    (H, W, 1). A PIL picture or file has its own colours. Raises ShapeError for another shape or type and SourceError
    for a file that cannot be read, in one sentence.
    """
    if colour not in ("bgr", "rgb"):
        raise ShapeError(f"colour is 'bgr' or 'rgb', got {colour!r}")
    if isinstance(picture, (str, Path)):
        return read_image(picture)
    if not isinstance(picture, np.ndarray):
        return _foreign(picture)
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or 0 in picture.shape:
        raise ShapeError(_refusal(picture))
    if picture.ndim == 3 and picture.shape[2] == 3:
        return picture if colour == "bgr" else np.ascontiguousarray(picture[:, :, ::-1])
    if picture.ndim == 2 or picture.shape[2] == 1:
        return np.repeat(picture.reshape(*picture.shape[:2], 1), 3, 2)
    if picture.shape[2] == 4:
        return np.ascontiguousarray(picture[:, :, :3] if colour == "bgr" else picture[:, :, 2::-1])
    raise ShapeError(_refusal(picture))


def _foreign(picture: Any) -> Image:
    """What is no array: a PIL picture, or a refusal."""
    if hasattr(picture, "convert") and hasattr(picture, "getbands"):
        return np.ascontiguousarray(np.asarray(picture.convert("RGB"), np.uint8)[:, :, ::-1])
    if picture is None:
        raise ShapeError("a picture is a uint8 array (H, W, 3) in BGR, got None; cv2.imread gives None for no picture")
    if hasattr(picture, "detach"):
        wanted = "tensor.permute(1, 2, 0).cpu().numpy(), as uint8 from 0 to 255"
        raise ShapeError(f"a picture is a uint8 array (H, W, 3) in BGR, got a tensor; write {wanted}")
    what = f"{type(picture).__name__}; write numpy.asarray(picture)"
    if isinstance(picture, (list, tuple)):
        what = f"a {type(picture).__name__}; of several pictures each goes in by itself, or all to estimator.batch"
    raise ShapeError(f"a picture is a uint8 array (H, W, 3) in BGR, got {what}")


def _refusal(picture: np.ndarray[Any, Any]) -> str:
    """What is wrong with an array, and what to write."""
    found = f"a picture is a uint8 array (H, W, 3) in BGR, got {picture.dtype} {picture.shape}"
    if 0 in picture.shape:
        return f"{found}, which has no pixel"
    if picture.ndim == 4:
        return f"{found}; give the pictures one by one, or all to estimator.batch"
    if picture.ndim == 3 and picture.shape[0] in (1, 3) and picture.shape[2] not in (1, 3, 4):
        return f"{found}; write picture.transpose(1, 2, 0)"
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] not in (1, 3, 4)):
        return found
    if picture.dtype == np.uint16:
        return f"{found}; write (picture >> 8).astype(numpy.uint8)"
    if picture.dtype.kind == "f" and float(np.nanmax(picture)) <= 1:
        return f"{found} from 0 to 1; write (picture * 255).astype(numpy.uint8)"
    return f"{found}; write picture.astype(numpy.uint8) where it holds 0 to 255"
