"""Numbers of the tracker, each with its unit, effect and reason."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from edgepose.options import Options


class TrackerOptions(Options, frozen=True):
    """How people keep their ids, and how much their keypoints are smoothed."""

    max_gap_s: Annotated[
        float,
        Meta(
            ge=0,
            description="Seconds a person may be unseen and keep the id; more also joins strangers.",
        ),
    ] = 3.0
    min_similarity: Annotated[
        float,
        Meta(ge=0, le=1, description="Likeness (0 to 1) below which a pose is taken for another person."),
    ] = 0.2
    start_s: Annotated[
        float,
        Meta(
            ge=0,
            description="Seconds a newcomer must stay in view to get an id; keeps false detections from using up ids.",
        ),
    ] = 0.15
    start_keypoints: Annotated[
        int,
        Meta(ge=1, description="Keypoints a pose needs to begin a new track; fewer can only continue one."),
    ] = 4
    smooth: Annotated[bool, Meta(description="Smooth keypoints over time; false passes them through.")] = True
    min_cutoff_hz: Annotated[
        float,
        Meta(gt=0, description="Cut-off of the smoothing for a person at rest; smaller is calmer and slower."),
    ] = 2.0
    speed_cutoff: Annotated[
        float,
        Meta(
            ge=0,
            description="Hertz of cut-off added per body length per second, so that moving people do not lag.",
        ),
    ] = 12.0
