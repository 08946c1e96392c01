"""Folders of pictures, and single ones: read in natural order, unreadable files skipped and counted."""

from __future__ import annotations

import logging
import os

from edgepose.errors import ClosedError, SourceError
from edgepose.pictures import list_images, moves, read_image, read_moving
from edgepose.sources.options import SourceOptions
from edgepose.sources.uri import camera_name, local_path
from edgepose.types import CameraState, Frame, Image

_log = logging.getLogger(__name__)


class ImageFolderSource:
    """Pictures of a folder as frames, one second apart or at the wished `fps`.

    A file that moves (GIF, WebP, PNG, AVIF) and is named by itself gives all its pictures at their own times; in a
    folder it stands for its first. skipped: unreadable files left out so far; `last_skipped` says why in one sentence.
    Frame `seq` counts them too. A folder without one readable picture is a SourceError.
    """

    live = False
    dropped = 0

    def __init__(self, uri: str, options: SourceOptions | None = None) -> None:
        options = options or SourceOptions()
        path = local_path(uri)
        if not os.path.exists(path):  # noqa: PTH110, Path.exists raises for a name that is too long
            raise SourceError(f"no file or folder '{path}'; give a picture or a folder of pictures")
        self.name = camera_name(options.name, uri)
        self.paths = list_images(path) if path.is_dir() else [path]
        self.skipped = 0
        self.last_skipped = ""
        self._fps = options.fps
        self._moving = read_moving(path) if path.is_file() and moves(path) else []
        self._n_frames = len(self._moving or self.paths)
        self._next = 0
        self._closed = False

    @property
    def state(self) -> CameraState:
        return "offline" if self._closed else "online"

    def read(self, timeout_s: float = 1.0) -> Frame | None:
        """The next readable picture; a folder never makes its caller wait, so `timeout_s` has no use here."""
        while not self._closed and self._next < self._n_frames:
            seq, self._next = self._next, self._next + 1
            try:
                t, image = self._picture(seq)
            except SourceError as error:
                self.skipped += 1
                self.last_skipped = str(error)
                _log.warning("left out: %s", error)
            else:
                return Frame(image, seq / self._fps if self._fps else t, seq, self.name)
        if self._closed:
            raise ClosedError(f"picture source '{self.name}' was closed; open it again to read it")
        if self.skipped == self._n_frames:
            raise SourceError(f"none of {self._n_frames} pictures can be read, the last one: {self.last_skipped}")
        raise EOFError

    def _picture(self, seq: int) -> tuple[float, Image]:
        return self._moving[seq] if self._moving else (float(seq), read_image(self.paths[seq]))

    def close(self) -> None:
        self._closed = True
        self._moving = []
