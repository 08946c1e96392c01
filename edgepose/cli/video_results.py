"""What `edgepose predict` writes of one video: one JSON of all people, frame by frame, and one drawn MP4."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from edgepose import encoding
from edgepose.errors import DataError
from edgepose.files import open_to_append, reason
from edgepose.skeleton import BODYPOSENET_18, Skeleton

if TYPE_CHECKING:
    from edgepose.cli.shots import Shot
    from edgepose.publish.video_file import VideoFile
    from edgepose.types import Pose


class VideoResults:
    """Results of one video, written as its frames come. json, drawn: files to write; drawn may be None.

    skeleton: the keypoints of the people.
    """

    def __init__(self, video: Path, json: Path, drawn: Path | None, skeleton: Skeleton = BODYPOSENET_18) -> None:
        self._json, self._drawn = json, drawn
        self._picture: VideoFile | None = None
        self._n = 0
        try:
            self._file: BinaryIO = os.fdopen(open_to_append(json, keep=False), "wb")
        except OSError as error:
            raise _unwritable(json, error) from None
        self._put(encoding.encode({"file": video.name, "keypoints": skeleton.long_names})[:-1] + b',"frames":[')

    def add(self, shot: Shot, poses: Sequence[Pose]) -> None:
        """Take the next frame. DataError where the disk is full or the like."""
        people = [
            {"score": round(pose.score, 4), "box_xyxy": pose.box_xyxy, "keypoints": pose.keypoints.round(3)}
            for pose in poses
        ]
        line = encoding.encode({"frame": shot.frame, "t": round(shot.t, 6), "people": people})
        self._put((b",\n" if self._n else b"\n") + line)
        self._n += 1
        if self._drawn is not None:
            self._draw(self._drawn, shot, poses)

    def _draw(self, path: Path, shot: Shot, poses: Sequence[Pose]) -> None:
        from edgepose.overlay import draw
        from edgepose.publish.video_file import create_video

        try:
            image = draw(shot.image, poses)
            if self._picture is None:
                os.close(open_to_append(path, keep=False))  # readable by its owner only
                self._picture = create_video(path, image)
            self._picture.write(image, shot.t)
        except OSError as error:
            raise _unwritable(path, error) from None

    def _put(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise _unwritable(self._json, error) from None

    def close(self) -> None:
        """Finish both files."""
        self._put(b"\n]}\n")
        try:
            self._file.close()
            if self._picture is not None:
                self._picture.close()
        except OSError as error:
            raise _unwritable(self._json, error) from None


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(f"cannot write '{path}': {reason(error)}; make room or give another folder with -o")
