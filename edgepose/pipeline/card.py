"""What publishers say of this device: its card once, and how the board is doing with every `stats`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from edgepose.backends import BackendInfo
from edgepose.health import Trouble
from edgepose.look import Network
from edgepose.pipeline.throttling import Throttling
from edgepose.plugins import find
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
            **network_card(network),
        },
        "keypoints": spec.pose_skeleton.keypoints,
        "limbs": spec.pose_skeleton.limbs,
        "cameras": [{"name": source.name, "live": source.live} for source in sources],
    }


def network_card(network: Network) -> Mapping[str, Any]:
    """What runs the network now: backend, device, engine, precision, and why where the GPU was expected to."""
    info = network.backend.info
    found = {"backend": info.name, "device": info.device, "precision": info.precision}
    return found | ({"engine": info.engine} if info.engine else {}) | ({"why": info.why} if info.why else {})


def model_of_alerts(network: Network) -> Mapping[str, Any]:
    """What every alert says of the network that saw it."""
    spec, info = network.backend.spec, network.backend.info
    return {"name": spec.name, "sha256": network.sha256, "precision": info.precision, "backend": info.name}


def on_cpu(info: BackendInfo) -> str:
    """One sentence for a person: that the CPU runs the network, and why."""
    return f"the network runs on the CPU with {info.name}, slower than on the GPU: {info.why}"


TELEMETRY = {"board": "edgepose.device.telemetry:open_telemetry"}
"""What reads the machine, by name; chosen when a run with publishers starts, as backends are when a model is opened."""


class Telemetry(Protocol):
    """Reads the machine. `read` takes milliseconds, never raises, and gives a struct whose fields join `stats`."""

    def read(self) -> msgspec.Struct: ...

    def close(self) -> None:
        """Let go; closing twice is fine."""
        ...


class Board:
    """What `Publisher.stats` tells beside the pipeline's own numbers: lost links, and how the machine is doing."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._telemetry: Telemetry = find("telemetry", "board", TELEMETRY)()
        self._throttling = Throttling()

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What the last looks found wrong with the board."""
        return self._throttling.troubles

    def read(self) -> Mapping[str, Any]:
        reconnects = {source.name: getattr(source, "reconnects", 0) for source in self._sources if source.live}
        readings = self._telemetry.read()
        self._throttling.update(getattr(readings, "throttled", None), time.monotonic())
        return {"reconnects": reconnects, **msgspec.structs.asdict(readings)}

    def close(self) -> None:
        self._telemetry.close()
