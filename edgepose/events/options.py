"""Numbers of the rules. Time in seconds, lengths in body heights, angles in degrees from upright."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from edgepose.events.zones import ZoneOptions
from edgepose.options import Options


class FallOptions(Options, frozen=True):
    """What counts as a fall, and what follows. The first three thresholds move together with `sensitivity`.

    Their reasons, with the distributions of falls and of daily life, are in docs/explanation/falls.
    """

    sensitivity: Annotated[
        float, Meta(ge=0, le=1, description="0 asks for more evidence, 1 for less; 0.5 is what was measured")
    ] = 0.5
    drop: Annotated[float, Meta(gt=0, description="shoulder drop of a typical fall, body heights")] = 0.4
    drop_speed: Annotated[
        float, Meta(gt=0, description="fastest shoulder descent of a typical fall, body heights per second")
    ] = 0.7
    low: Annotated[
        float, Meta(gt=0, description="shoulder height over the floor of a body that is typically down, body heights")
    ] = 0.3
    hold_s: Annotated[float, Meta(ge=0, description="how long a body stays low before a fall is suspected")] = 0.15
    confirm_s: Annotated[float, Meta(ge=0, description="how long a suspected person stays down to be confirmed")] = 2.0
    confirm_strength: Annotated[
        float,
        Meta(ge=0, description="evidence of a fall, in units of the threshold, that confirming takes"),
    ] = 0.7
    long_lie_s: Annotated[float, Meta(gt=0, description="how long a confirmed person lies before long_lie")] = 60.0
    slow_lying_s: Annotated[
        float,
        Meta(
            gt=0,
            description="lying on the floor this long after being up is suspected whatever the way down, four times as "
            "long on a bed or sofa without a zone; evidence of a fall shortens it",
        ),
    ] = 3.0
    found_down_s: Annotated[
        float, Meta(gt=0, description="how long somebody first seen lying, outside every zone, lies before found_down")
    ] = 10.0
    found_moving_s: Annotated[
        float, Meta(gt=0, description="the same for somebody who moves like one who exercises there")
    ] = 60.0
    lost_s: Annotated[
        float, Meta(gt=0, description="how long a descending person stays lost before that is evidence of a fall")
    ] = 0.35
    unknown_s: Annotated[float, Meta(gt=0, description="how long a fallen person stays lost before unknown")] = 3.0
    recover_s: Annotated[float, Meta(ge=0, description="how long a fallen person is up again before recovered")] = 1.0
    clear_s: Annotated[float, Meta(gt=0, description="how long an unknown lasts before it is cleared")] = 300.0
    cooldown_s: Annotated[float, Meta(ge=0, description="pause after a fall ended before the same person may fall")] = (
        5.0
    )
    min_fps: Annotated[
        float, Meta(ge=0, description="frames per second below which the rule says it is unreliable")
    ] = 2.5
    second_look: Annotated[bool, Meta(description="ask the network to look again, turned, at people lost falling")] = (
        True
    )
    drill: Annotated[bool, Meta(description="mark every event as a drill")] = False
    zones: Annotated[tuple[ZoneOptions, ...], Meta(description="beds, sofas and places to ignore")] = ()


class PostureOptions(Options, frozen=True):
    """Standing, sitting, crouching, lying or unknown, and how far somebody leans or slouches."""

    hold_s: Annotated[float, Meta(ge=0, description="how long a posture lasts before it is reported")] = 0.4
    lying_deg: Annotated[float, Meta(gt=0, lt=90, description="torso from upright beyond which a low body lies")] = 55.0
    lean_deg: Annotated[float, Meta(gt=0, lt=90, description="sideways lean named in the evidence from here on")] = 20.0
    zones: Annotated[tuple[ZoneOptions, ...], Meta(description="only those to ignore matter here")] = ()


class GestureOptions(Options, frozen=True):
    """Hand raised, both hands up, wave, point left or right."""

    hold_s: Annotated[float, Meta(ge=0, description="how long a hand stays up or points before it is reported")] = 0.9
    wave_swings: Annotated[int, Meta(ge=2, description="changes of direction within wave_s that make a wave")] = 3
    wave_s: Annotated[float, Meta(gt=0, description="time in which the swings of a wave are counted")] = 2.0
    help_gesture: Annotated[
        str, Meta(description="gesture that counts as a call for help when held, empty for none; e.g. hands_up")
    ] = ""
    help_s: Annotated[float, Meta(gt=0, description="how long the call for help is held")] = 2.0
    cooldown_s: Annotated[
        float, Meta(ge=0, description="pause before the same gesture of a person is reported again")
    ] = 2.0
    zones: Annotated[tuple[ZoneOptions, ...], Meta(description="only those to ignore matter here")] = ()


class ActivityOptions(Options, frozen=True):
    """Walking, still, sitting down, getting up, and what stays away for too long."""

    hold_s: Annotated[float, Meta(ge=0, description="how long walking lasts before it is reported")] = 1.0
    still_hold_s: Annotated[float, Meta(ge=0, description="how long stillness lasts before it is reported")] = 1.5
    walk_speed: Annotated[float, Meta(gt=0, description="slowest walk, body heights per second")] = 0.2
    still_speed: Annotated[
        float, Meta(gt=0, description="fastest movement of the limbs of a still body, body heights per second")
    ] = 0.08
    no_motion_s: Annotated[float, Meta(ge=0, description="stillness before the event no_motion, 0 for none")] = 0.0
    bed_return_s: Annotated[
        float, Meta(ge=0, description="absence from a bed somebody lay in before bed_not_returned is reported, 0 never")
    ] = 0.0
    absence_s: Annotated[float, Meta(ge=0, description="time without anybody before absence is reported, 0 never")] = (
        0.0
    )
    zones: Annotated[tuple[ZoneOptions, ...], Meta(description="beds for bed_return_s, places to ignore")] = ()
