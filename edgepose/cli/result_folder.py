"""The folder that `edgepose predict` fills: COCO results, OpenPose JSON per picture, drawn pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepose.errors import DataError
from edgepose.files import encodable, reason, write_atomically

if TYPE_CHECKING:
    from edgepose.cli.shots import Shot
    from edgepose.types import Image, Pose

_MAX_NAME_BYTES = 200
"""Of a written file, less what is put behind it; file systems allow 255."""


class ResultFolder:
    """The folder of results. The two lists are written when it is closed, whatever ended the work."""

    def __init__(self, folder: Path, ids: dict[str, int | str] | None, *, drawn: bool) -> None:
        self.n_people = 0
        self._folder, self._ids, self._drawn = folder, ids, drawn
        self._results: list[dict[str, Any]] = []
        self._images: list[dict[str, Any]] = []
        self._names: set[str] = set()
        try:
            (folder / "openpose").mkdir(parents=True, exist_ok=True)
            if drawn:
                (folder / "drawn").mkdir(exist_ok=True)
        except OSError as error:
            raise DataError(f"cannot write to {folder}: {reason(error)}") from None

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
        self._results += [coco_result(pose, image_id) for pose in poses]
        self.n_people += len(poses)
        name = self._own_name(shot.name)
        _write_json(self._folder / "openpose" / f"{name}_keypoints.json", openpose_json(poses))
        if self._drawn:
            self._draw(self._folder / "drawn" / f"{name}.jpg", shot.image, poses)

    def _draw(self, path: Path, image: Image, poses: Sequence[Pose]) -> None:
        from edgepose.overlay import draw
        from edgepose.pictures import write_image

        write_image(path, draw(image, poses), durable=False)

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
        _write_json(self._folder / "coco_results.json", self._results)
        _write_json(self._folder / "images.json", {"images": self._images})


def openpose_json(poses: Sequence[Pose]) -> dict[str, Any]:
    """The people of one picture as OpenPose writes them (version 1.3): its COCO-18 keypoints are ours; absent is 0."""
    import numpy as np

    people = []
    for pose in poses:
        keypoints = np.where(pose.found[:, None], pose.keypoints, 0.0)
        people.append({"person_id": [-1], "pose_keypoints_2d": [round(float(value), 3) for value in keypoints.ravel()]})
    return {"version": 1.3, "people": people}


def annotated_ids(path: str) -> dict[str, int | str]:
    """Picture ids of a COCO file as they stand there, by the names that the picture's file may have."""
    from edgepose.annotations import names_of, read_annotations

    pictures = read_annotations(path).pictures
    return {Path(name).name: picture.id for picture in pictures for name in names_of(picture.file_name)}


def _write_json(path: Path, value: Any) -> None:
    import msgspec

    write_atomically(path, msgspec.json.encode(encodable(value)), durable=False)
