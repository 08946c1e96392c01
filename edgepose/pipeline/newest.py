"""What every camera shows now, for whoever looks at the running pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from edgepose.types import FrameResult
from edgepose.types.labels import Labels
from edgepose.types.record import track_record


class Newest:
    """The newest result of each camera. Filled by the group thread; any thread may ask."""

    def __init__(self) -> None:
        self._labels = Labels()
        self._frames: dict[str, tuple[FrameResult, Mapping[int, str]]] = {}

    def saw(self, result: FrameResult) -> None:
        """Take in one frame; its picture is let go."""
        self._frames[result.source] = replace(result, image=None), self._labels.update(result)

    def frames(self) -> list[dict[str, Any]]:
        """One a camera: source, seq, t, size_wh, and people in sight: id, label (stage of a fall, else the posture,
        empty where neither is known), keypoints (K times x, y, score; pixels of the picture, null where absent).
        """
        return [_shown(result, labels) for result, labels in list(self._frames.values())]


def _shown(result: FrameResult, labels: Mapping[int, str]) -> dict[str, Any]:
    people = [
        {"id": track.id, "label": labels.get(track.id, ""), "keypoints": _keypoints(track_record(track).keypoints)}
        for track in result.tracks
        if track.missing_s == 0
    ]
    return {
        "source": result.source,
        "seq": result.seq,
        "t": result.t,
        "size_wh": list(result.size_wh),
        "people": people,
    }


def _keypoints(rows: Any) -> list[list[float | None]]:
    """NaN as null, as JSON has it."""
    found: list[list[float | None]] = msgspec.json.decode(msgspec.json.encode(rows))
    return found
