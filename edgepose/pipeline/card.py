"""What publishers say of this device: its card once, and how the board is doing with every `stats`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from edgepose.look import Network
from edgepose.skeleton import BODYPOSENET_18
from edgepose.sources import Source


def device_card(network: Network, sources: Sequence[Source]) -> Mapping[str, Any]:
    """What publishers tell about this device: versions, model, keypoint names and limbs, cameras."""
    from edgepose.version import __version__

    spec, info = network.backend.spec, network.backend.info
    return {
        "versions": {"edgepose": __version__, info.name: info.version},
        "model": {
            "name": spec.name,
            "sha256": network.sha256,
            "precision": info.precision,
            "backend": info.name,
            "device": info.device,
        },
        "keypoints": BODYPOSENET_18.keypoints,
        "limbs": BODYPOSENET_18.limbs,
        "cameras": [{"name": source.name, "live": source.live} for source in sources],
    }


class Telemetry(Protocol):
    """Something that reads the machine, such as `edgepose.device.telemetry.open_telemetry()`. `read` costs a few
    milliseconds, never raises, and gives a struct whose fields join the `stats`.
    """

    def read(self) -> msgspec.Struct: ...

    def close(self) -> None:
        """Let go; closing twice is fine."""
        ...


class Board:
    """What `Publisher.stats` tells beside the pipeline's own numbers: lost links so far, and how the machine is doing.

    telemetry: opens what reads the machine, None where nobody asks.
    """

    def __init__(self, sources: Sequence[Source], telemetry: Callable[[], Telemetry] | None = None) -> None:
        self._sources = sources
        self._telemetry = telemetry() if telemetry is not None else None

    def read(self) -> Mapping[str, Any]:
        reconnects = {source.name: getattr(source, "reconnects", 0) for source in self._sources if source.live}
        if self._telemetry is None:
            return {"reconnects": reconnects}
        return {"reconnects": reconnects, **msgspec.structs.asdict(self._telemetry.read())}

    def close(self) -> None:
        if self._telemetry is not None:
            self._telemetry.close()
