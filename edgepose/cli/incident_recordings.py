"""Incidents of the list with the skeletons that were kept of them, as recordings that rules can judge again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgepose.cli.records import skeleton_lines

if TYPE_CHECKING:
    from edgepose.alerts.store import Incident
    from edgepose.device.records import Records
    from edgepose.replay import Recording

MOST = 1000


def recorded(records: Records, incidents: Iterable[Incident]) -> Iterator[tuple[Incident, list[Recording]]]:
    """Each with its recordings, which can be read until the next one is asked for; none where none were kept."""
    from tempfile import TemporaryDirectory

    from edgepose.replay import load_recording

    with TemporaryDirectory() as folder:
        for one in incidents:
            if records.skeletons(one.id) is None:
                yield one, []
                continue
            place = Path(folder) / f"{one.id}.jsonl"
            place.write_bytes(skeleton_lines(records, one.id))
            yield one, load_recording(place)
            place.unlink()
