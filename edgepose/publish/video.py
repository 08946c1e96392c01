"""Annotated video: the picture of every result with its skeletons, one file per source.

`video_file` writes them. A file that cannot be written to any more is given up with what is in it, so that everything
else goes on: the health says so, and `close` says how much is missing.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.errors import ClosedError, PublishError
from edgepose.files import check_appendable, is_worn_out, open_to_append, reason
from edgepose.health import Reason, reason_now
from edgepose.names import slug
from edgepose.publish.options import VideoOptions
from edgepose.publish.video_file import VideoFile, check_ending, create_video
from edgepose.types import CameraState, FrameResult, Image

if TYPE_CHECKING:
    from edgepose.overlay import Labels

_log = logging.getLogger(__name__)


class VideoPublisher:
    """Draws and writes every result that carries its picture. Used by one thread; `close` may be called twice.

    n_lost: frames that could not be written. troubles: why, from then on.
    """

    def __init__(self, options: VideoOptions) -> None:
        self.path = _path(options)
        self.options = options
        self.n_lost = 0
        self.troubles: tuple[Reason, ...] = ()
        self._writers: dict[str, VideoFile | None] = {}
        self._labels: Labels | None = None
        self._closed = self._lost = False
        try:
            check_appendable(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _make_private(self.path)
        except OSError as error:
            if not is_worn_out(error):
                raise _refused(self.path, error) from error
            self._tell(self.path, error, None)  # a service that is started again on a full disk watches on
            self._lost = True

    def open(self, card: Mapping[str, Any]) -> None:
        """Nothing to announce: files begin with their first frame."""

    def publish(self, result: FrameResult) -> None:
        """Append one frame, drawn; a result without a picture is passed over."""
        if self._closed:
            raise ClosedError(f"frames cannot be written to {str(self.path)!r} after it was closed")
        if result.image is None:
            return
        if self._lost or (result.source in self._writers and self._writers[result.source] is None):
            self.n_lost += 1
            return
        from edgepose.overlay import Labels, draw

        self._labels = self._labels or Labels()
        drawn = draw(result.image, result, labels=self._labels.update(result))
        try:
            self._write(result.source, drawn, result.t)
        except PublishError:  # nothing was ever written: an ending that no library knows
            raise
        except OSError as error:
            self.n_lost += 1
            self._give_up(result.source, error)

    def _write(self, source: str, drawn: Image, t: float) -> None:
        writer = self._writers.get(source)
        if writer is None:
            path = self._path_of(source)
            if self._writers:
                _make_private(path)
            writer = create_video(path, drawn, crf=self.options.crf, fallback_fps=self.options.fallback_fps)
            self._writers[source] = writer
        writer.write(drawn, t)

    def _path_of(self, source: str) -> Path:
        """The first source has the path itself, every other one its name added."""
        if next(iter(self._writers), source) == source:
            return self.path
        return self.path.with_name(f"{self.path.stem}-{slug(source)}{self.path.suffix}")

    def _give_up(self, source: str, error: OSError) -> None:
        path, writer = self._path_of(source), self._writers.get(source)
        self._writers[source] = None
        if writer is not None:
            with contextlib.suppress(OSError):
                writer.close()
        self._tell(path, error, source)

    def _tell(self, path: Path, error: OSError, source: str | None) -> None:
        hint = f"no video is written to {str(path)!r} any more: {reason(error)}; make room or give another place"
        self.troubles = (*self.troubles, reason_now("video_failed", hint, source))
        _log.warning("%s", hint)

    def camera_state(self, source: str, state: CameraState) -> None:
        """Not shown in the video."""

    def stats(self, values: Mapping[str, Any]) -> None:
        """Not shown in the video."""

    def close(self) -> None:
        """Finish every file; twice is fine. PublishError when frames are missing from one."""
        if self._closed:
            return
        self._closed = True
        for source, writer in self._writers.items():
            if writer is None:
                continue
            try:
                writer.close()
            except OSError as error:
                self.n_lost += 1
                self._give_up(source, error)
        self._writers.clear()
        if self.troubles:
            raise PublishError(f"{self.n_lost} frames are missing: {self.troubles[0].hint}")


def check(options: VideoOptions) -> None:
    """Raise PublishError where the file of the first source could not be written. Nothing is made or changed."""
    path = _path(options)
    try:
        check_appendable(path)
    except OSError as error:
        raise _refused(path, error) from error


def _path(options: VideoOptions) -> Path:
    if not options.path:
        raise PublishError("the video publisher needs a path; set video.path or --save-video FILE")
    path = Path(options.path)
    check_ending(path)
    return path


def _refused(path: Path, error: OSError) -> PublishError:
    return PublishError(f"cannot write video to {str(path)!r}: {reason(error)}")


def _make_private(path: Path) -> None:
    """An empty file that only this user may read; the library that writes it keeps its mode."""
    os.close(open_to_append(path, keep=False))
