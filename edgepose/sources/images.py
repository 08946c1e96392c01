"""Folders of pictures, and single ones: read in natural order, unreadable files skipped and counted."""

from __future__ import annotations

from edgepose.errors import ClosedError, SourceError
from edgepose.pictures import list_images, read_image
from edgepose.sources.options import SourceOptions
from edgepose.sources.uri import camera_name, local_path
from edgepose.types import CameraState, Frame


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
