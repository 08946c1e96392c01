"""The recording format: one FrameResult as one line of JSON, and back. `edgepose replay` reads what jsonl writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec
import numpy as np

from edgepose import encoding
from edgepose.clock import rfc3339, wall_ms
from edgepose.errors import DataError
from edgepose.files import reason
from edgepose.types import Event, FrameResult, Pose, Track

SCHEMA: Literal["edgepose.frame/1"] = "edgepose.frame/1"

Bounded = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
Keypoint = tuple[Bounded | None, Bounded | None, Bounded]
Side = Annotated[int, msgspec.Meta(ge=1, le=65_536)]
Second = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]

T = TypeVar("T")


class TrackRecord(msgspec.Struct, frozen=True):
    """One person. keypoints: K times x, y (source pixels, null when absent), score."""

    id: int
    score: float
    age_s: float
    missing_s: float
    keypoints: list[Keypoint]


class EventRecord(msgspec.Struct, frozen=True):
    """One event, with the fields of `edgepose.types.Event`."""

    kind: str
    stage: str
    t: float
    track_id: int | None = None
    score: float = 1.0
    started_t: float | None = None
    episode: str | int | None = None  # recordings of earlier versions number the falls of a rule
    zone: str | None = None
    evidence: dict[str, Any] = {}


class FrameRecord(msgspec.Struct, frozen=True):
    """One line: a FrameResult without its picture. captured: RFC 3339 UTC; t: monotonic second (files: in the file)."""

    schema: Literal["edgepose.frame/1"]
    source: str
    seq: int
    t: Second
    captured: str
    size_wh: tuple[Side, Side]
    tracks: list[TrackRecord]
    events: list[EventRecord]
    timings_ms: dict[str, float] = {}
    dropped: int = 0


_DECODER = msgspec.json.Decoder(FrameRecord)


def encode(result: FrameResult) -> bytes:
    """One line without its newline. Keypoints are rounded to 0.01 pixel and 0.001 score."""
    record = FrameRecord(
        schema=SCHEMA,
        source=result.source,
        seq=result.seq,
        t=round(result.t, 6),
        captured=rfc3339(wall_ms(result.t)),
        size_wh=result.size_wh,
        tracks=[_track_record(track) for track in result.tracks],
        events=[_event_record(event) for event in result.events],
        timings_ms={stage: round(ms, 3) for stage, ms in result.timings_ms.items()},
        dropped=result.dropped,
    )
    return encoding.encode(record)


_STEPS = np.array([100.0, 100.0, 1000.0])
"""Steps of a pixel and of a score that are kept."""


def _track_record(track: Track) -> TrackRecord:
    keypoints = np.rint(track.pose.keypoints * _STEPS) / _STEPS
    return TrackRecord(
        track.id,
        round(float(track.pose.score), 3),
        round(track.age_s, 3),
        round(track.missing_s, 3),
        keypoints.tolist(),
    )


def _event_record(event: Event) -> EventRecord:
    return EventRecord(
        kind=event.kind,
        stage=event.stage,
        t=event.t,
        track_id=event.track_id,
        score=float(event.score),
        started_t=event.started_t,
        episode=event.episode,
        zone=event.zone,
        evidence=dict(event.evidence),
    )


def decode(line: bytes) -> FrameResult:
    """The FrameResult of one line; msgspec.DecodeError or ValidationError when it is none."""
    record = _DECODER.decode(line)
    return FrameResult(
        source=record.source,
        seq=record.seq,
        t=record.t,
        size_wh=record.size_wh,
        tracks=tuple(_track(track, record.t) for track in record.tracks),
        events=tuple(Event(**msgspec.structs.asdict(event)) for event in record.events),
        timings_ms=record.timings_ms,
        dropped=record.dropped,
    )


_BEGINNING = f'{{"schema":"{SCHEMA}"'.encode()


def is_torn(tail: bytes) -> bool:
    """Whether the end of a file without a newline is what a crash left of a line: a part of one, or empty blocks."""
    if not tail.strip(b"\0"):
        return True  # a power cut can leave room that was never filled
    if not tail.startswith(_BEGINNING[: len(tail)]):
        return False
    try:
        _DECODER.decode(tail)
    except msgspec.MsgspecError:
        return True
    return False


def _track(record: TrackRecord, t: float) -> Track:
    rows = [[np.nan if x is None else x, np.nan if y is None else y, score] for x, y, score in record.keypoints]
    keypoints = np.asarray(rows, np.float32).reshape(-1, 3)
    return Track(record.id, Pose(keypoints, record.score), t, record.age_s, record.missing_s)


def read_results(path: str | Path) -> Iterator[FrameResult]:
    """The results of a recording, in order, one at a time in memory.

    A torn last line is left out; DataError for any other line that is none.
    """
    for line in lines_of(Path(path)):
        result = line.read(decode)
        if result is not None:
            yield result


LONGEST_LINE = 1 << 24
"""Bytes of a line at most; a hundred people take 100 kB."""


class Line(NamedTuple):
    """One line of a recording. number: 1-based. begin: offset of its first byte in the file. path: of the file."""

    path: Path
    number: int
    begin: int
    content: bytes

    def read(self, decode: Callable[[bytes], T]) -> T | None:
        """What `decode` makes of it; None for an empty or torn line, DataError where it is no record."""
        if not self.content.strip():
            return None
        try:
            return decode(self.content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
            if not self.content.endswith(b"\n"):  # the end of a file whose writer was killed
                return None
            raise DataError(f"line {self.number} of {str(self.path)!r} is no {SCHEMA} record ({error})") from error


def lines_of(path: Path, begin: int = 0, end: int | None = None, number: int = 1) -> Iterator[Line]:
    """Lines of a file that begin at the offsets from `begin` to before `end`; `number` is that of the first."""
    try:
        with path.open("rb") as file:
            file.seek(begin)
            while (end is None or begin < end) and (content := file.readline(LONGEST_LINE)):
                if len(content) == LONGEST_LINE:
                    raise DataError(f"line {number} of {str(path)!r} is longer than 16 MiB; it is no {SCHEMA} record")
                yield Line(path, number, begin, content)
                begin += len(content)
                number += 1
    except OSError as error:
        raise DataError(f"recording {str(path)!r} cannot be read: {reason(error)}") from error
