"""Folders of pictures, and single ones: read in natural order, unreadable files skipped and counted."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from edgepose.errors import ClosedError, SourceError
from edgepose.sources.options import SourceOptions
from edgepose.sources.uri import PICTURE_SUFFIXES, camera_name, local_path
from edgepose.types import CameraState, Frame, Image

_END_OF_JPEG, _END_OF_PNG = b"\xff\xd9", b"IEND"
_TAIL = 64 * 1024
"""Bytes at the end of a picture in which its end mark is looked for; some cameras append data of their own."""


def read_image(path: Path | str) -> Image:
    """One picture as uint8 (H, W, 3) BGR, turned upright as its EXIF says.

    Raises SourceError when it is missing, empty, cut off or no picture.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read picture '{path}': {(error.strerror or str(error)).lower()}") from None
    if not data:
        raise SourceError(f"picture '{path}' is empty (0 bytes)")
    tail = data[-_TAIL:]
    if (data.startswith(b"\xff\xd8") and _END_OF_JPEG not in tail) or (
        data.startswith(b"\x89PNG") and _END_OF_PNG not in tail
    ):
        raise SourceError(f"picture '{path}' is cut off: its end is missing")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None  # OpenCV refuses pictures beyond 2^30 pixels with an exception
    if image is None:
        raise SourceError(f"'{path}' is not a picture that OpenCV can decode")
    return np.asarray(image, np.uint8)


def list_images(folder: Path | str) -> list[Path]:
    """Pictures directly in a folder, in natural order (2 before 10). Raises SourceError when there are none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise SourceError(f"no folder '{folder}'; give a folder of pictures")
    found = [path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()]
    if not found:
        kinds = ", ".join(sorted(PICTURE_SUFFIXES))
        raise SourceError(f"folder '{folder}' holds no pictures ({kinds}); give one that does")
    return sorted(found, key=_natural)


def _natural(path: Path) -> list[tuple[int, int | str]]:
    words = re.split(r"(\d+)", path.name)
    return [(0, int(word)) if word.isdigit() else (1, word) for word in words]


class ImageFolderSource:
    """Pictures of a folder as frames, one second apart or at the wished `fps`.

    paths: the files in reading order; frame `seq` counts every file, so `paths[frame.seq]` is where it came from.
    skipped: unreadable files left out so far; `last_skipped` says why in one sentence. A folder without one readable
    picture is a SourceError.
    """

    live = False
    dropped = 0

    def __init__(self, uri: str, options: SourceOptions | None = None) -> None:
        options = options or SourceOptions()
        path = local_path(uri)
        if not path.exists():
            raise SourceError(f"no file or folder '{path}'; give a picture or a folder of pictures")
        self.name = camera_name(options.name, uri)
        self.paths = [path] if path.is_file() else list_images(path)
        self.skipped = 0
        self.last_skipped = ""
        self._period_s = 1 / (options.fps or 1.0)
        self._next = 0
        self._closed = False

    @property
    def state(self) -> CameraState:
        return "offline" if self._closed else "online"

    def read(self, timeout_s: float = 1.0) -> Frame | None:
        """The next readable picture; a folder never makes its caller wait, so `timeout_s` has no use here."""
        while not self._closed and self._next < len(self.paths):
            seq, self._next = self._next, self._next + 1
            try:
                return Frame(read_image(self.paths[seq]), seq * self._period_s, seq, self.name)
            except SourceError as error:
                self.skipped += 1
                self.last_skipped = str(error)
        if self._closed:
            raise ClosedError(f"picture source '{self.name}' was closed; open it again to read it")
        if self.skipped == len(self.paths):
            raise SourceError(f"none of {len(self.paths)} pictures can be read, the last one: {self.last_skipped}")
        raise EOFError

    def close(self) -> None:
        self._closed = True
