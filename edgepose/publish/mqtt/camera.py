"""What is said of one camera frame by frame: skeletons, how many people there are, what they do."""

from __future__ import annotations

import msgspec

from edgepose.clock import wall_ms
from edgepose.publish.mqtt.messages import Observation, Occupancy, Skeletons, skeletons
from edgepose.types import Event, FrameResult


class Camera(msgspec.Struct):
    """Remembers what was last said. n_dropped: frames dropped since the last skeleton message."""

    name: str
    n_present: int = -1
    n_dropped: int = 0
    was_peopled: bool = False
    postures: dict[int, str] = {}

    def skeletons(self, result: FrameResult) -> Skeletons | None:
        """The message of one frame: only while there are people, and one without any after them."""
        people = [track for track in result.tracks if track.missing_s == 0]
        self.n_dropped += result.dropped
        message = None
        if people or self.was_peopled:
            message = skeletons(result, people, wall_ms(result.t), self.postures, self.n_dropped)
            self.n_dropped = 0
        self.was_peopled = bool(people)
        return message

    def occupancy(self, n_present: int) -> Occupancy:
        """So many people are there now."""
        self.n_present = n_present
        return Occupancy("ON" if n_present else "OFF", n_present)

    def observation(self, event: Event, result: FrameResult) -> Observation:
        """A posture, gesture or activity of somebody in a frame; the posture is part of what is said from now on."""
        if event.kind == "posture" and event.track_id is not None:
            seen = {track.id for track in result.tracks}
            self.postures = {id_: word for id_, word in self.postures.items() if id_ in seen}
            self.postures[event.track_id] = event.stage
        return Observation(
            event.kind,
            event.stage,
            wall_ms(event.t),
            event.track_id,
            round(float(event.score), 3),
            event.zone,
            dict(event.evidence),
        )

    def forget_people(self) -> None:
        """Nobody looks any more, so that nobody is known to be there."""
        self.was_peopled = False
        self.postures = {}
