"""Options of calibration: how ranges are chosen, which pictures are taken, and what the gate lets through."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from edgepose.options import Options

Algorithm = Literal["mse", "entropy", "percentile", "minmax"]


class PictureOptions(Options, frozen=True):
    """Which picture sets are good enough to calibrate with."""

    min_pictures: Annotated[
        int, Meta(ge=1, description="Fewest different, readable pictures; 500 are enough for any network here.")
    ] = 100
    max_pictures: Annotated[int, Meta(ge=1, description="Most pictures taken, spread evenly over the folder.")] = 500
    max_duplicates: Annotated[
        float, Meta(ge=0, le=1, description="Largest share of pictures that look like an earlier one.")
    ] = 0.5
    max_blank: Annotated[
        float,
        Meta(ge=0, le=1, description="Largest share of pictures with next to no contrast, such as a covered lens."),
    ] = 0.1
    min_contrast: Annotated[
        float, Meta(ge=0, description="Grey levels (standard deviation) below which a picture counts as blank.")
    ] = 6.0
    min_with_people: Annotated[
        float,
        Meta(ge=0, le=1, description="Smallest share of pictures in which the FP32 network sees a keypoint clearly."),
    ] = 0.1
    held_out: Annotated[
        float, Meta(gt=0, lt=1, description="Share of the pictures kept for the gate and not used to calibrate.")
    ] = 0.2
    max_held_out: Annotated[int, Meta(ge=1, description="Most pictures that the gate looks at.")] = 500


class QuantiseOptions(Options, frozen=True):
    """How FP32 becomes INT8. The measurements behind the defaults: docs/explanation/int8.md."""

    algorithm: Annotated[
        Algorithm, Meta(description="How the range of an activation is chosen from its histogram.")
    ] = "mse"
    percentile: Annotated[
        float, Meta(gt=50, le=100, description="Percent of the values that algorithm percentile does not clip.")
    ] = 99.999
    equalise: Annotated[bool, Meta(description="Even out channels across layers before quantising; exact in FP32.")] = (
        True
    )
    centre: Annotated[
        bool,
        Meta(description="Move what a ReLU gives to 1x1 convolutions, so that all 255 steps are used; exact in FP32."),
    ] = True
    correct_bias: Annotated[
        bool, Meta(description="Take the mean error that quantising adds to each channel out of the bias.")
    ] = True
    compensate_rounding: Annotated[
        bool, Meta(description="Round weights so that layer outputs stay closest, not each weight by itself.")
    ] = True
    first_layer: Annotated[bool, Meta(description="Quantise the layer that sees the picture.")] = True
    head_layers: Annotated[bool, Meta(description="Quantise the layers that give heatmaps and PAFs.")] = True
    keep: Annotated[
        tuple[str, ...], Meta(description="Layers left in floating point, by the name of their output tensor.")
    ] = ()
    float_budget: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Share of the network's arithmetic that may stay in floating point to save accuracy.",
        ),
    ] = 0.08


class GateOptions(Options, frozen=True):
    """How close INT8 must be to FP32 on pictures that were not used to calibrate."""

    min_cosine: Annotated[float, Meta(ge=0, le=1, description="Smallest cosine between FP32 and INT8 outputs.")] = 0.98
    min_agreement: Annotated[
        float, Meta(ge=0, le=1, description="Smallest mean OKS over the people of FP32, unmatched ones counting 0.")
    ] = 0.93
    max_extra_people: Annotated[
        float, Meta(ge=0, description="Most people that only INT8 sees, per person that FP32 sees.")
    ] = 0.03
    max_ap_loss: Annotated[
        float, Meta(ge=0, le=1, description="Largest loss of COCO AP, 0 to 1, where annotations are given.")
    ] = 0.01
    min_people: Annotated[
        int, Meta(ge=1, description="Fewest people FP32 must find in the held-out pictures for a verdict.")
    ] = 20
