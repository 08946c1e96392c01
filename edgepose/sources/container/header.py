"""The values of a container's header, and reading a piece of a file whole."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from edgepose.sources.display import Turn

MAX_PARTS = 500_000
"""Parts of a file that are looked at; a day of one-second fragments has 172,800 pairs."""


class Track(NamedTuple):
    """One track of pictures.

    codec: four-letter code or Matroska codec id. size_wh: recorded pixels. default: whether players begin with it.
    cover: a still picture (cover art, chapter thumbnails), which is no video. turn: how it is shown.
    """

    codec: str
    size_wh: tuple[int, int]
    default: bool = True
    cover: bool = False
    turn: Turn = Turn()


class Header(NamedTuple):
    """kind: name of the container, "" for one not known. tracks: those of pictures, in the file's order; None where
    the header does not say. no_index: the part without which nothing can be read is missing. claimed_wh: size of the
    pictures where there are no tracks to say it; it may be absent."""

    kind: str = ""
    tracks: tuple[Track, ...] | None = None
    no_index: bool = False
    claimed_wh: tuple[int, int] | None = None

    @property
    def shown(self) -> Track | None:
        """The track a player shows: a default one before others, then the largest, then the first; never a cover."""
        videos = [track for track in self.tracks or () if not track.cover]
        return max(videos, key=lambda t: (t.default, t.size_wh[0] * t.size_wh[1])) if videos else None

    @property
    def first_is_shown(self) -> bool:
        """Whether the first track of pictures is known to be the one that a player shows."""
        return bool(self.tracks) and self.tracks[0] is self.shown  # type: ignore[index]


def at(file: BinaryIO, offset: int, n_bytes: int) -> bytes:
    """`n_bytes` from `offset`. Raises EOFError where the file ends before."""
    file.seek(offset)
    data = file.read(n_bytes)
    if len(data) < n_bytes:
        raise EOFError
    return data
