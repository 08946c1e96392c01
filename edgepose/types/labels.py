"""Words beside people: what is known of each between two events."""

from __future__ import annotations

from edgepose.types.result import FrameResult

FALL_WORDS = {
    "suspected": "fall suspected",
    "confirmed": "FALL confirmed",
    "long_lie": "FALL long lie",
    "found_down": "FALL found down",
    "recovered": "got up",
}
"""What is written of the stages of a fall; a person in sight is neither cleared nor unknown."""

ALERT_STAGES = frozenset({"suspected", "confirmed", "long_lie", "found_down"})
"""Stages of a fall that are shown in red; the others are good news."""


class Labels:
    """Words that stay beside people between events: the stage of a fall until it is cleared, else the posture.

    One per output; sources are kept apart. `draw(image, result, labels=labels.update(result))` draws a whole video.
    """

    def __init__(self) -> None:
        self._words: dict[str, dict[tuple[str, int], str]] = {}

    def update(self, result: FrameResult) -> dict[int, str]:
        """Words by track id after this frame; people who left are forgotten."""
        words = self._words.setdefault(result.source, {})
        for event in result.events:
            if event.track_id is not None and event.kind in ("fall", "posture"):
                words[event.kind, event.track_id] = "" if event.stage in ("cleared", "unknown") else event.stage
        here = {track.id for track in result.tracks}
        words = self._words[result.source] = {key: word for key, word in words.items() if key[1] in here}
        return {number: words.get(("fall", number)) or words.get(("posture", number), "") for number in here}
