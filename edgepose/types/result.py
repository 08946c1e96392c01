"""All that is known about one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from edgepose import encoding
from edgepose.clock import rfc3339, wall_ms
from edgepose.errors import DataError
from edgepose.skeleton import BODYPOSENET_18
from edgepose.types import record
from edgepose.types.event import Event
from edgepose.types.person import Track
from edgepose.types.picture import Image


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """All that is known about one frame.

    size_wh: pixels of the source image. image: the picture itself while it is kept in memory, else None.
    timings_ms: milliseconds per stage (capture, preprocess, infer, group, track, rules).
    dropped: frames that the source let go since the last result.

    >>> import edgepose
    >>> result = edgepose.FrameResult("hall", seq=0, t=0.0, size_wh=(640, 480))
    >>> edgepose.FrameResult.from_json(result.to_json()).size_wh
    (640, 480)
    >>> result.to_dict()["source"], result.to_rows()
    ('hall', [])
    """

    source: str
    seq: int
    t: float
    size_wh: tuple[int, int]
    tracks: tuple[Track, ...] = ()
    events: tuple[Event, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    dropped: int = 0
    image: Image | None = None

    def to_json(self) -> str:
        """One line of JSON without the picture, as jsonl records it (schema `edgepose.frame/1`).

        Keypoints are rounded to 0.01 pixel and 0.001 score; what is absent, NaN or infinite is null.
        """
        return encode(self).decode()

    def to_dict(self) -> dict[str, Any]:
        """What `to_json` writes, as plain dicts, lists, numbers, words and None."""
        found: dict[str, Any] = msgspec.json.decode(encode(self))
        return found

    @staticmethod
    def from_json(line: str | bytes) -> FrameResult:
        """The result that `to_json` wrote or a recording holds, without its picture; DataError when it is none."""
        if not isinstance(line, (str, bytes)):
            raise DataError(
                f"a record is a line of JSON, got a {type(line).__name__}; give what FrameResult.to_json wrote"
            )
        try:
            return decode(line)
        except NOT_A_RECORD as error:
            wanted = "give what FrameResult.to_json wrote or a line of a recording"
            raise DataError(f"this is no {record.SCHEMA} record ({error}); {wanted}") from None

    def to_rows(self, *, normalised: bool = False) -> list[dict[str, Any]]:
        """One flat dict a person who is seen in this frame: `pandas.DataFrame(result.to_rows())` is a table.

        Columns: source, seq, t, track_id, score, age_s, box_x0, box_y0, box_x1, box_y1, and x, y and score of every
        keypoint (nose_x, ..., left_wrist_score), in pixels; NaN and score 0 where it was not found. normalised: x and
        y as shares of the picture in place of pixels.
        """
        return [self._row(track, normalised) for track in self.tracks if track.missing_s == 0]

    def _row(self, track: Track, normalised: bool) -> dict[str, Any]:
        pose = track.pose
        if normalised:
            pose = replace(pose, keypoints=pose.normalised(self.size_wh))
        row = {
            "source": self.source,
            "seq": self.seq,
            "t": self.t,
            "track_id": track.id,
            "score": pose.score,
            "age_s": track.age_s,
            **dict(zip(("box_x0", "box_y0", "box_x1", "box_y1"), pose.box_xyxy, strict=True)),
        }
        for name, values in zip(pose.skeleton.long_names, pose.keypoints.tolist(), strict=True):
            row.update(zip((f"{name}_x", f"{name}_y", f"{name}_score"), values, strict=True))
        return row


NOT_A_RECORD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError)
"""What `decode` raises for a line that is no record."""


def encode(result: FrameResult) -> bytes:
    """One line of the recording format, without its newline; DataError for values that are not what they should be."""
    try:
        return encoding.encode(
            record.FrameRecord(
                schema=record.SCHEMA,
                source=result.source,
                seq=result.seq,
                t=round(result.t, 6),
                captured=rfc3339(wall_ms(result.t)),
                size_wh=result.size_wh,
                tracks=[record.track_record(track) for track in result.tracks],
                events=[record.event_record(event) for event in result.events],
                timings_ms={stage: round(ms, 3) for stage, ms in result.timings_ms.items()},
                dropped=result.dropped,
                keypoint_set=record.set_record(result.tracks),
            )
        )
    except (TypeError, AttributeError, ValueError, OverflowError, NotImplementedError) as error:
        wanted = "tracks are edgepose.Track, events edgepose.Event, t a second, size_wh two numbers"
        raise DataError(f"this result cannot become JSON ({str(error).splitlines()[0]}); {wanted}") from error


def decode(line: str | bytes) -> FrameResult:
    """The result of one line; an error of `NOT_A_RECORD` when it is none."""
    found = record.decode(line)
    skeleton = BODYPOSENET_18 if found.keypoint_set is msgspec.UNSET else found.keypoint_set.skeleton
    return FrameResult(
        source=found.source,
        seq=found.seq,
        t=found.t,
        size_wh=found.size_wh,
        tracks=tuple(record.track_of(track, found.t, skeleton) for track in found.tracks),
        events=tuple(record.event_of(event) for event in found.events),
        timings_ms=found.timings_ms,
        dropped=found.dropped,
    )
