"""A rule of one's own: somebody stays for longer than a few seconds.

.venv/bin/python examples/own_rule.py people.avi
"""

import sys
from collections.abc import Sequence

import edgepose
from edgepose import Event, Track


class Visitor:
    """Tells once of everybody who has been in the picture for `stay_s` seconds."""

    def __init__(self, stay_s: float = 5.0) -> None:
        self.stay_s = stay_s
        self.told: set[int] = set()

    def update(self, tracks: Sequence[Track], t: float) -> list[Event]:
        staying = [track for track in tracks if track.age_s >= self.stay_s and track.id not in self.told]
        self.told |= {track.id for track in staying}
        return [Event("visitor", "staying", t, track.id, evidence={"age_s": track.age_s}) for track in staying]


if __name__ == "__main__":
    with edgepose.Pipeline(source=sys.argv[1], rules=[Visitor()], keep_images=False) as pipeline:
        for result in pipeline:
            for event in result.events:
                print(f"{event.t:6.1f} s  person {event.track_id} stays")
