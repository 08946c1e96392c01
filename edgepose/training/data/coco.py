"""COCO keypoint annotations into people and masks; sets without people's annotations are lists of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edgepose.annotations import Annotations, LabelledPicture, Place, locate, read_annotations
from edgepose.annotations.regions import Region, paint, region_of
from edgepose.errors import DataError, SourceError
from edgepose.keypoint_set import label_skeleton
from edgepose.options import Options
from edgepose.pictures import list_images
from edgepose.skeleton import Skeleton
from edgepose.types import FloatArray


class SetOptions(Options, frozen=True):
    """One set of pictures."""

    annotations: Annotated[
        str,
        Meta(description="COCO-style JSON of the pictures and, where labelled, the people; empty: all of the folder"),
    ] = ""
    images: Annotated[str, Meta(description="folder that the file names are relative to")] = ""
    weight: Annotated[float, Meta(gt=0, description="share of the samples, relative to the other sets")] = 1.0
    labels: Annotated[
        Literal["keypoints", "teacher", "empty"],
        Meta(description="who draws the people: the annotations, the teacher, or nobody because nobody is there"),
    ] = "keypoints"
    whole: Annotated[
        bool, Meta(description="keypoints sets: crops of the picture at picture_px instead of crops about one person")
    ] = False
    turns: Annotated[bool, Meta(description="let the teacher see quarter turns too, for people on the floor")] = False
    nobody: Annotated[
        float, Meta(ge=0, le=1, description="teacher sets: share of samples from pictures where it sees nobody")
    ] = 0.2
    anchor: Annotated[
        bool,
        Meta(description="teacher sets with chances: the teacher's maps hold where no chance does; false for nobody"),
    ] = True
    any_angle: Annotated[
        float | None, Meta(description="share of crops turned by any angle, where not data.view's")
    ] = None
    shift_px: Annotated[float | None, Meta(description="how far people lie from the centre, where not data.view's")] = (
        None
    )
    squeeze: Annotated[float | None, Meta(description="how much crops are narrowed, where not data.view's")] = None
    picture_px: Annotated[
        tuple[float, float],
        Meta(description="teacher, empty and whole sets: height a whole picture is shown at, pixels"),
    ] = (200.0, 420.0)
    min_person_px: Annotated[float, Meta(description="main people are at least this square, picture pixels")] = 32.0
    min_keypoints: Annotated[
        int,
        Meta(
            description="main people have at least this many labelled keypoints, of a small set of yours half at most"
        ),
    ] = 5
    min_distance: Annotated[float, Meta(description="main people lie apart by this share of their size")] = 0.3


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture of a set.

    place: the file, and how it is read. keypoints: float32 (P, K, 3), picture pixels, score 1 where labelled (visible
    or occluded), else 0; all people. main: (centre x, centre y, height) of the people who make a sample, picture
    pixels. ignored: crowds and people without keypoints, for the mask.
    """

    place: Place
    options: SetOptions
    keypoints: FloatArray
    main: tuple[tuple[float, float, float], ...] = ()
    ignored: tuple[Region, ...] = ()

    @property
    def path(self) -> Path:
        """The file."""
        return self.place.path

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the picture, pixels."""
        return self.place.size_wh

    def mask(self) -> NDArray[np.bool_]:
        """bool (H, W): True where nothing is to be learned."""
        mask = np.zeros((self.size_wh[1], self.size_wh[0]), np.uint8)
        for region in self.ignored:
            paint(mask, region)
        return mask.astype(bool)


def read_set(options: SetOptions, skeleton: Skeleton) -> list[Picture]:
    """The pictures of a set; DataError for annotations that cannot be used or when too many pictures are missing."""
    labels = label_skeleton(skeleton)
    annotations = read_annotations(options.annotations, labels) if options.annotations else _of_folder(options)
    if options.labels == "keypoints":
        annotations.require_people()
    located = locate(annotations, options.images)
    pictures = [_picture(picture, place, options, skeleton) for picture, place in located]
    if options.labels == "keypoints":
        pictures = [picture for picture in pictures if picture.main]
    if not pictures:
        least = skeleton.at_least(options.min_keypoints)
        raise DataError(
            f"'{annotations.path}' has no picture to learn from: its people are under min_person_px = "
            f"{options.min_person_px:g} or have fewer than min_keypoints = {least} labelled"
        )
    return pictures


def _of_folder(options: SetOptions) -> Annotations:
    """Every picture of a folder, with nobody annotated; DataError where there is none, or labels are needed."""
    if options.labels == "keypoints":
        raise DataError(
            f"the set of '{options.images}' has labels = 'keypoints' and no annotations; name a COCO file, or set "
            "labels = 'teacher' to have a network draw the people"
        )
    try:
        names = [path.name for path in list_images(options.images)]
    except SourceError as error:
        raise DataError(str(error)) from None
    pictures = (LabelledPicture(number, number, name, None, ()) for number, name in enumerate(names, 1))
    return Annotations(options.images, tuple(pictures))


def _picture(picture: LabelledPicture, place: Place, options: SetOptions, skeleton: Skeleton) -> Picture:
    keypoints: list[FloatArray] = []
    main: list[tuple[float, float, float]] = []
    ignored: list[Region] = []
    for person in picture.people:
        if not person.counts:
            if options.labels != "teacher":  # which masks nothing
                ignored.append(region_of(person, place.size_wh))
            continue
        keypoints.append(from_labels(person.keypoints.astype(np.float32), skeleton))
        x, y, w, h = person.box_xywh
        if (
            min(w, h) >= options.min_person_px
            and person.n_labelled >= skeleton.at_least(options.min_keypoints)
            and all(np.hypot(x + w / 2 - cx, y + h / 2 - cy) >= options.min_distance * size for cx, cy, size in main)
        ):
            main.append((x + w / 2, y + h / 2, max(w, h)))
    stacked = np.stack(keypoints) if keypoints else np.zeros((0, skeleton.n_keypoints, 3), np.float32)
    return Picture(place, options, stacked, tuple(main), tuple(ignored))


def from_labels(labelled: FloatArray, skeleton: Skeleton) -> FloatArray:
    """float32 (K, 3) in the skeleton's order: score 1 where labelled.

    labelled: (17, 3) in COCO's order, or those of a set of one's own. The neck, which COCO does not label, is the
    middle of both shoulders and is there only when both are labelled.
    """
    labels = label_skeleton(skeleton)
    out = np.zeros((skeleton.n_keypoints, 3), np.float32)
    for k, own in enumerate(labels.mapping_to(skeleton)):
        if own >= 0 and labelled[own, 2] > 0:
            out[k] = labelled[own, 0], labelled[own, 1], 1.0
    if "neck" in skeleton.keypoints and "neck" not in labels.keypoints:
        shoulders = [labels.index("l_shoulder"), labels.index("r_shoulder")]
        if (labelled[shoulders, 2] > 0).all():
            out[skeleton.index("neck")] = (*labelled[shoulders, :2].mean(0), 1.0)
    return out
