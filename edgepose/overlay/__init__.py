"""Draws people onto a picture: skeletons coloured by side, the track's number, and a fall in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edgepose.errors import ShapeError
from edgepose.overlay.labels import Box, draw_label
from edgepose.overlay.skeletons import draw_skeleton
from edgepose.pictures.given import as_image
from edgepose.shown import shown
from edgepose.skeleton import Skeleton, given_skeleton
from edgepose.types import FrameResult, Image, Pose, Track
from edgepose.types.given import check_people
from edgepose.types.labels import Labels

__all__ = ["Labels", "draw"]


def draw(
    image: Image,
    what: FrameResult | Sequence[Track] | Sequence[Pose],
    skeleton: Skeleton | None = None,
    labels: Mapping[int, str] | None = None,
) -> Image:
    """A copy of the picture with the people drawn in.

    image: uint8 (H, W, 3) BGR, or what else `PoseEstimator` takes. what: a frame's result, tracks, or poses in pixels
    of this picture. skeleton: in place of the one that each pose has. labels: words per track id, shown beside the
    number (see `Labels`); a fall among the events of a FrameResult is shown by itself. Lost tracks (missing_s > 0) are
    not drawn. Raises ShapeError in one sentence for what is no picture or no people.

    >>> import edgepose, numpy
    >>> picture = numpy.zeros((240, 320, 3), numpy.uint8)
    >>> edgepose.draw(picture, []).shape
    (240, 320, 3)
    """
    canvas = np.array(as_image(image), order="C")
    if skeleton is not None:
        given_skeleton(skeleton)
    if not isinstance(labels, (Mapping, type(None))):
        raise ShapeError(f"labels are words by track id, as {{3: 'lying'}}, got {shown(labels)}")
    words = dict(labels or {})
    people: Sequence[Track | Pose] = what.tracks if isinstance(what, FrameResult) else what
    check_people(people)
    if isinstance(what, FrameResult):
        words.update({event.track_id: event.stage for event in what.events if event.kind == "fall" and event.track_id})
    taken: list[Box] = []
    for person in sorted(people, key=_bottom):  # the near ones over the far ones
        if isinstance(person, Pose):
            draw_skeleton(canvas, person, skeleton or person.skeleton)
        elif person.missing_s == 0:
            draw_skeleton(canvas, person.pose, skeleton or person.pose.skeleton)
            draw_label(canvas, person.pose, person.id, words.get(person.id, ""), taken)
    return canvas


def _bottom(person: Track | Pose) -> float:
    bottom = (person if isinstance(person, Pose) else person.pose).box_xyxy[3]
    return bottom if np.isfinite(bottom) else 0.0
