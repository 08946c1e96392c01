"""The folder that `edgepose predict` fills: COCO results, OpenPose JSON and a drawing per picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.cli.video_results import VideoResults
from edgepose.errors import DataError
from edgepose.files import encodable, reason, write_atomically
from edgepose.skeleton import BODYPOSENET_18, COCO_17, Skeleton

if TYPE_CHECKING:
    from edgepose.cli.shots import Shot
    from edgepose.types import Image, Pose

_MAX_NAME_BYTES = 200
"""Of a written file, less what is put behind it; file systems allow 255."""


class ResultFolder:
    """The folder of results. The two lists are written when it is closed, whatever ended the work.

    folder: made where it is missing. ids: picture ids by file name, counted where None. drawn: whether people are
    drawn. frames: whether every frame of a video is treated as a picture. skeleton: the keypoints of the people.
    """

    def __init__(
        self,
        folder: Path,
        ids: dict[str, int | str] | None,
        *,
        drawn: bool,
        frames: bool = False,
        skeleton: Skeleton = BODYPOSENET_18,
    ) -> None:
        self.n_people = 0
        self.written: list[str] = []
        self._skeleton = skeleton
        self._folder, self._ids, self._drawn, self._frames = folder, ids, drawn, frames
        self._results: list[dict[str, Any]] = []
        self._images: list[dict[str, Any]] = []
        self._names: set[str] = set()
        self._video: tuple[Path, VideoResults] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from None

    @property
    def n_images(self) -> int:
        return len(self._images)

    def add(self, shot: Shot, poses: Sequence[Pose]) -> None:
        """Write what was found in one picture."""
        from edgepose.evaluation import coco_result

        image_id = self._image_id(shot)
        height, width = shot.image.shape[:2]
        record = {"id": image_id, "file_name": shot.file_name, "width": width, "height": height}
        self._images.append(record if shot.frame is None else {**record, "frame": shot.frame})
        self._results += [{**coco_result(pose, image_id), "bbox": box_xywh(pose)} for pose in poses]
        self.n_people += len(poses)
        if shot.video is not None and not self._frames:
            self._results_of(shot.video).add(shot, poses)
            return
        name = self._own_name(shot.name)
        self._write(f"openpose/{name}_keypoints.json", openpose_json(poses))
        if self._drawn:
            self._draw(self._place(f"drawn/{name}.jpg"), shot.image, poses)

    def _results_of(self, video: Path) -> VideoResults:
        """The results of the video whose frames come now; those of the one before are finished."""
        if self._video is None or self._video[0] != video:
            self._end_video()
            name = self._own_name(video.stem)
            drawn = self._place(f"videos/{name}.mp4") if self._drawn else None
            self._video = video, VideoResults(video, self._place(f"videos/{name}.json"), drawn, self._skeleton)
            self.written += [f"videos/{name}.json", *([f"videos/{name}.mp4"] if drawn else [])]
        return self._video[1]

    def _end_video(self) -> None:
        ended, self._video = self._video, None
        if ended is not None:
            ended[1].close()

    def _place(self, name: str) -> Path:
        path = self._folder / name
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise _unwritable(self._folder, error) from None
        return path

    def _write(self, name: str, value: Any) -> None:
        import msgspec

        write_atomically(self._place(name), msgspec.json.encode(encodable(value)), durable=False)
        kind = name if "/" not in name else f"{name.partition('/')[0]}/"
        if kind not in self.written:
            self.written.append(kind)

    def _draw(self, path: Path, image: Image, poses: Sequence[Pose]) -> None:
        from edgepose.overlay import draw
        from edgepose.pictures import write_image

        write_image(path, draw(image, poses), durable=False)
        if "drawn/" not in self.written:
            self.written.append("drawn/")

    def _image_id(self, shot: Shot) -> int | str:
        if self._ids is None:
            return len(self._images)
        if shot.file_name not in self._ids:
            raise DataError(f"the annotations have no picture named {shot.file_name}; predict without --annotations")
        return self._ids[shot.file_name]

    def _own_name(self, wish: str) -> str:
        """A name that no earlier picture took; pictures of two folders may be called the same."""
        wish = os.fsdecode(os.fsencode(wish)[:_MAX_NAME_BYTES])
        name, number = wish, 2
        while name in self._names:
            name, number = f"{wish}-{number}", number + 1
        self._names.add(name)
        return name

    def __enter__(self) -> ResultFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_video()
        self._write("coco_results.json", self._results)
        self._write("images.json", {"images": self._images})


def box_xywh(pose: Pose) -> list[float]:
    """The tight box around the keypoints found: left, top, width and height in pixels, as COCO writes boxes."""
    x0, y0, x1, y1 = pose.box_xyxy
    return [round(value, 2) for value in (x0, y0, x1 - x0, y1 - y0)] if pose.found.any() else [0.0] * 4


def openpose_json(poses: Sequence[Pose]) -> dict[str, Any]:
    """The people of one picture as OpenPose writes them (version 1.3): its COCO-18 keypoints are ours; absent is 0.

    Those of a set of one's own stand in its order.
    """
    import numpy as np

    people = []
    for pose in poses:
        keypoints = np.where(pose.found[:, None], pose.keypoints, 0.0)
        people.append({"person_id": [-1], "pose_keypoints_2d": [round(float(value), 3) for value in keypoints.ravel()]})
    return {"version": 1.3, "people": people}


def annotated_ids(path: str, skeleton: Skeleton = COCO_17) -> dict[str, int | str]:
    """Picture ids of a COCO file as they stand there, by the names that the picture's file may have."""
    from edgepose.annotations import names_of, read_annotations

    pictures = read_annotations(path, skeleton).pictures
    return {Path(name).name: picture.id for picture in pictures for name in names_of(picture.file_name)}


def _unwritable(folder: Path, error: OSError) -> DataError:
    return DataError(f"cannot write to {folder}: {reason(error)}")
