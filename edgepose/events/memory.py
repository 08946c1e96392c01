"""What a rule remembers about each person, and when it forgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

FORGET_S = 5.0  # after somebody was last seen; a later return is another person's, with an id of its own


class Remembered(Protocol):
    """t: second of the last sight."""

    t: float


Person = TypeVar("Person", bound=Remembered)


class Memory(Generic[Person]):
    """The people of one camera by track id. new: makes what is remembered of somebody first seen at a second."""

    def __init__(self, new: Callable[[float], Person]) -> None:
        self._new = new
        self._people: dict[int, Person] = {}

    def see(self, track_id: int, t: float) -> tuple[Person, float]:
        """The person behind a track, seen at second `t`, and the seconds since the last sight (0 at the first)."""
        person = self._people.get(track_id)
        if person is None:
            person = self._people[track_id] = self._new(t)
        dt_s = t - person.t
        person.t = t
        return person, dt_s if dt_s > 0 else 0.0

    def forget(self, t: float) -> None:
        """Let go of everybody who was last seen more than FORGET_S from second `t`."""
        gone = [track_id for track_id, person in self._people.items() if abs(t - person.t) > FORGET_S]
        for track_id in gone:
            del self._people[track_id]
