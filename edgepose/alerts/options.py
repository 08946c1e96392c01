"""Options of alerts; light to import."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from edgepose.options import Options


class AlertOptions(Options, frozen=True):
    """What becomes of an event that somebody must hear of."""

    spool: Annotated[
        str,
        Meta(
            description="file in which alerts wait until somebody has them, power cut or not; auto: alerts.db in "
            "the service's state folder, where there is one; empty: in memory"
        ),
    ] = "auto"
    clear_s: Annotated[
        float,
        Meta(gt=0, description="seconds until a fall that was open when EdgePose stopped is cleared, if nobody did"),
    ] = 300.0
    skeletons: Annotated[
        bool,
        Meta(
            description="keep 30 s of skeletons before and after each fall with its incident, where alerts are on disk"
        ),
    ] = True
    require_ack: Annotated[
        bool, Meta(description="announce a critical alert again and again until somebody has seen it")
    ] = False
    again_s: Annotated[float, Meta(ge=10, description="seconds between two announcements of the same")] = 60.0
    drill_days: Annotated[
        float, Meta(ge=0, description="days after which health says that no drill has reached anybody; 0: never")
    ] = 0.0
    answers: Annotated[
        Literal["none", "seen", "close"],
        Meta(
            description="what whoever may write to the ack topic can do: nothing; say that an alert was seen; also end "
            "it as helped or as a false alarm"
        ),
    ] = "close"

    @property
    def spool_path(self) -> Path | None:
        """The file meant, None for memory. systemd names the state folder in STATE_DIRECTORY."""
        if self.spool != "auto":
            return Path(self.spool) if self.spool else None
        folder = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
        return Path(folder) / "alerts.db" if folder else None
