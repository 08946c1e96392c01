"""A publisher of one's own, by name: writes a line for each fall, where a real one would ring or switch a lamp.

pip install ./examples/plugin
edgepose run clip.mp4 --config examples/plugin/edgepose.toml
"""

from __future__ import annotations

import sys
from typing import Annotated

from msgspec import Meta

from edgepose.options import Options


class ChimeOptions(Options, frozen=True):
    """Table [plugins.chime]; a wrong key or value is refused with a sentence before anything starts."""

    words: Annotated[str, Meta(description="what is written before the name of the camera")] = "fall in"
    stages: Annotated[tuple[str, ...], Meta(description="stages that count")] = ("suspected", "confirmed")


class Chime:
    """Registered as `chime` under the entry point edgepose.publishers, see pyproject.toml."""

    Options = ChimeOptions

    def __init__(self, options: ChimeOptions) -> None:
        self._options = options

    def open(self, card) -> None:
        """The device card: versions, model, keypoint names, cameras."""

    def publish(self, result) -> None:
        for event in result.events:
            if event.kind == "fall" and event.stage in self._options.stages:
                print(f"{self._options.words} {result.source}: {event.stage}", file=sys.stderr)

    def camera_state(self, source, state) -> None:
        """A camera's link changed."""

    def stats(self, values) -> None:
        """Numbers of the last interval."""

    def close(self) -> None:
        """The run ends."""
