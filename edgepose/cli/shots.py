"""Every picture behind the paths of a command line, one after the other; what cannot be read is left out and named."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgepose.errors import EdgePoseError, SourceError

if TYPE_CHECKING:
    from edgepose.types import Image

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture to look at.

    name: of the files written for it. file_name, frame: where it is from. video: the video it is a frame of, shown at
    second t of it.
    """

    name: str
    image: Image
    file_name: str
    frame: int | None = None
    video: Path | None = None
    t: float = 0.0


class Shots:
    """Pictures of files, folders and videos, in order. One that cannot be read never ends the work.

    failed: a sentence for each path that was given and could not be read, or not to its end. left_out: pictures of
    folders that could not be read. n_damaged: pictures of videos that are damaged.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.failed: dict[str, str] = {}
        self.left_out: list[str] = []
        self.n_damaged = 0
        self._paths = paths

    @property
    def n_skipped(self) -> int:
        return len(self.failed) + len(self.left_out) + self.n_damaged

    def __iter__(self) -> Iterator[Shot]:
        for path in self._paths:
            try:
                yield from self._of_path(Path(path))
            except EdgePoseError as error:
                self.failed[path] = str(error)
                if len(self._paths) > 1:
                    _say(error)

    def failure(self) -> SourceError | None:
        """What of the command line could not be read, in one sentence; None where all of it was."""
        if not self.failed:
            return None
        if len(self._paths) == 1:
            return SourceError(next(iter(self.failed.values())))
        reasons = _some(list(self.failed.values()))
        return SourceError(f"{len(self.failed)} of {len(self._paths)} paths failed: {reasons}")

    def say_left_out(self) -> None:
        """Name the pictures of folders that were left out, on stderr."""
        if self.left_out:
            print(f"edgepose: left out as unreadable ({len(self.left_out)}): {_some(self.left_out)}", file=sys.stderr)

    def _of_path(self, path: Path) -> Iterator[Shot]:
        from edgepose.cli.progress import track
        from edgepose.pictures import is_picture, moves, read_image

        if os.path.isdir(path):  # noqa: PTH112, Path.is_dir raises for a name that is too long
            yield from self._of_folder(path)
        elif not os.path.exists(path):  # noqa: PTH110, so does Path.exists
            raise SourceError(f"no file or folder '{path}'; give a picture, a folder of pictures or a video")
        elif is_picture(path) and not moves(path):
            yield Shot(path.stem, read_image(path), path.name)
        else:
            yield from track(self._of_video(path), "frames")

    def _of_folder(self, folder: Path) -> Iterator[Shot]:
        from edgepose.cli.progress import track
        from edgepose.pictures import list_images, read_image

        pictures = list_images(folder)
        n_before = len(self.left_out)
        for picture in track(pictures, "pictures"):
            try:
                image = read_image(picture)
            except SourceError as error:
                self.left_out.append(str(picture))
                _say(error)
            else:
                yield Shot(picture.stem, image, picture.name)
        if len(self.left_out) - n_before == len(pictures):
            raise SourceError(f"none of the {len(pictures)} pictures in '{folder}' can be read")

    def _of_video(self, path: Path) -> Iterator[Shot]:
        from edgepose.sources import open_source

        source = open_source(str(path))
        try:
            while True:
                frame = source.read()
                if frame is not None:
                    name = f"{path.stem}_{frame.seq:012d}"  # as OpenPose names the frames of a video
                    yield Shot(name, frame.image, path.name, frame.seq, path, frame.t)
        except EOFError:
            return
        finally:
            self.n_damaged += getattr(source, "skipped", 0)
            source.close()


def _say(error: EdgePoseError) -> None:
    print(f"edgepose: skipped: {error}", file=sys.stderr)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return "; ".join(names[:_MOST_NAMED]) + more
