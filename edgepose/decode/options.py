"""The numbers of grouping, each with its unit; read by the reference and the native core alike."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from edgepose.options import Options


class GroupOptions(Options, frozen=True):
    """How peaks are found, limbs are believed and people are kept. The measurements: docs/explanation/grouping.md."""

    peak_threshold: Annotated[
        float, Meta(ge=0, le=1, description="Smallest heatmap value that can be a keypoint, 0 to 1.")
    ] = 0.08
    max_peaks: Annotated[
        int, Meta(ge=1, le=1024, description="Most peaks kept per keypoint, strongest first; bounds the work on noise.")
    ] = 128
    sample_threshold: Annotated[
        float, Meta(ge=0, le=1, description="Smallest PAF component along a limb for a sample to support it, 0 to 1.")
    ] = 0.05
    min_support: Annotated[
        float, Meta(ge=0, le=1, description="Fraction of the samples along a limb that must support it, 0 to 1.")
    ] = 0.8
    reach: Annotated[
        float,
        Meta(
            ge=0,
            le=1000,
            description="How far apart two parts of a person that no limb joins may lie, as a multiple of what bones "
            "allow; 0 never joins them.",
        ),
    ] = 1.1
    min_keypoints: Annotated[
        int,
        Meta(
            ge=1, description="Fewest keypoints that make a person; of a small keypoint set of your own half at most."
        ),
    ] = 4
    min_score: Annotated[float, Meta(ge=0, le=1, description="Smallest person score that is reported, 0 to 1.")] = 0.12
