"""Publishers carry results out: MQTT, JSON lines, annotated video, a window. One file per way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from edgepose import plugins
from edgepose.types import CameraState, FrameResult

__all__ = ["PUBLISHERS", "Publisher", "open_publisher"]


class Publisher(Protocol):
    """One way out. All calls come from one thread; none may block longer than a local write takes.

    open: called once, with the device card (versions, model, keypoint names and limbs, cameras). A publisher that gives
    something up, so that the others go on, keeps the reasons in an attribute `troubles` (a tuple of `Reason`) while
    they hold; one that can tell somebody has a method `tell_troubles(reasons)`, called when they change, and
    `tell_card(card)`, called when the card has changed: another runtime runs the network. One with a thread of its own
    counts its loops in `progress` (name: count), for the watchdog. `fail`, where there is one, is called in the place
    of `close` when the run ends by an error. `use_pauses(pauses)` is called before `open`: through it cameras are
    paused. All six may be left out.
    """

    def open(self, card: Mapping[str, Any]) -> None: ...

    def publish(self, result: FrameResult) -> None:
        """One frame's result, in order per source."""
        ...

    def camera_state(self, source: str, state: CameraState) -> None:
        """A camera's link changed."""
        ...

    def stats(self, values: Mapping[str, Any]) -> None:
        """Numbers of the last interval: fps, latency per stage, drops, temperatures."""
        ...

    def close(self) -> None:
        """Flush what is recorded and let go; closing twice is fine."""
        ...


PUBLISHERS: dict[str, str] = {
    "mqtt": "edgepose.publish.mqtt.publisher:MqttPublisher",
    "webhook": "edgepose.publish.webhook:WebhookPublisher",
    "jsonl": "edgepose.publish.jsonl:JsonlPublisher",
    "video": "edgepose.publish.video:VideoPublisher",
    "metrics": "edgepose.publish.metrics:MetricsPublisher",
    "show": "edgepose.publish.show:WindowPublisher",
}
"""Publishers by name, as `module:attribute`; each is called with its options."""


def open_publisher(name: str, options: Any) -> Publisher:
    """The publisher registered as `name`, made with its options; ConfigError when there is none of that name."""
    publisher: Publisher = plugins.find("publishers", name, PUBLISHERS)(options)
    return publisher
