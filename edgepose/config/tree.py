"""The tree: which options a configuration file can hold, and under which name."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from edgepose.alerts.options import AlertOptions
from edgepose.backends.options import BackendOptions
from edgepose.decode.options import GroupOptions
from edgepose.events.options import ActivityOptions, FallOptions, GestureOptions, PostureOptions
from edgepose.events.zones import ZoneOptions
from edgepose.options import Options
from edgepose.publish.options import (
    JsonlOptions,
    MetricsOptions,
    MqttOptions,
    ShowOptions,
    VideoOptions,
    WebhookOptions,
)
from edgepose.sources.options import SourceOptions
from edgepose.tracking.options import TrackerOptions


class ModelOptions(Options, frozen=True):
    """Which network runs, and how large its input is."""

    path: Annotated[
        str, Meta(description="ONNX file, engine or name of a shipped network; empty takes edgepose-lite")
    ] = ""
    backend: Annotated[BackendOptions, Meta(description="what runs it")] = BackendOptions()
    height: Annotated[
        int, Meta(ge=0, le=8192, description="height of the network input in pixels, 0 as the model declares it")
    ] = 0


class SourceEntry(SourceOptions, frozen=True, kw_only=True):
    """One camera, stream or file: where it is, and how it is opened."""

    uri: Annotated[
        str,
        Meta(min_length=1, description="address (rtsp, v4l2, csi, synthetic) or path of a video or picture folder"),
    ]

    room: Annotated[
        str,
        Meta(description="room it looks into; cameras of one room that see one fall name each other; empty: none"),
    ] = ""

    def __repr__(self) -> str:
        """Without the credentials of the address, since a repr ends up in logs."""
        from edgepose.redaction import shown

        return f"SourceEntry(uri={shown(self.uri)!r}, name={self.name!r})"


class ZoneEntry(ZoneOptions, frozen=True, kw_only=True):
    """A zone of one camera, or of all; every rule reads it beside its own."""

    camera: Annotated[str, Meta(description="name of the source it belongs to; empty for all of them")] = ""


class PipelineOptions(Options, frozen=True):
    """How frames travel between the threads."""

    max_batch: Annotated[
        int, Meta(ge=1, description="most pictures the network is given at once when several are waiting")
    ] = 4
    queue_size: Annotated[
        int,
        Meta(ge=1, description="frames that may wait between two threads; more costs memory and brings no speed"),
    ] = 1
    stats_s: Annotated[
        float,
        Meta(
            gt=0,
            description="seconds between two reports of fps, latency and drops; 30 at most, since these reports are "
            "the heartbeat and a device without one for 90 s counts as silent",
        ),
    ] = 10.0
    picture_s: Annotated[
        float,
        Meta(
            ge=0,
            description="seconds between two looks at whether a camera's picture is dark, covered, blurred or moved; "
            "0: never",
        ),
    ] = 2.0
    stop_s: Annotated[float, Meta(gt=0, description="longest wait for the threads to leave, seconds")] = 1.5


class Config(Options, frozen=True):
    """Everything `edgepose run` and the service can be told.

    Each field is one table of the file or one key; `load_config` reads a file and answers an unknown key with the
    nearest, ConfigError in one sentence.

    >>> import edgepose
    >>> config = edgepose.Config(rules=("fall",))
    >>> config.rules, len(config.sources)
    (('fall',), 0)
    """

    model: Annotated[ModelOptions, Meta(description="the network")] = ModelOptions()
    sources: Annotated[tuple[SourceEntry, ...], Meta(description="cameras, streams and files")] = ()
    pipeline: Annotated[PipelineOptions, Meta(description="threads and queues")] = PipelineOptions()
    decode: Annotated[GroupOptions, Meta(description="fields into poses")] = GroupOptions()
    tracking: Annotated[TrackerOptions, Meta(description="poses into tracks")] = TrackerOptions()
    rules: Annotated[
        tuple[str, ...],
        Meta(description="rules that watch the people: fall, posture, gesture, activity, or a plugin's"),
    ] = ("fall", "posture", "gesture", "activity")
    zones: Annotated[tuple[ZoneEntry, ...], Meta(description="parts of a picture where people are judged apart")] = ()
    fall: Annotated[FallOptions, Meta(description="falls")] = FallOptions()
    posture: Annotated[PostureOptions, Meta(description="postures")] = PostureOptions()
    gesture: Annotated[GestureOptions, Meta(description="gestures")] = GestureOptions()
    activity: Annotated[ActivityOptions, Meta(description="activities")] = ActivityOptions()
    alerts: Annotated[AlertOptions, Meta(description="what becomes of falls")] = AlertOptions()
    mqtt: Annotated[MqttOptions, Meta(description="messages to a broker")] = MqttOptions()
    webhook: Annotated[WebhookOptions, Meta(description="critical alerts by HTTPS, where MQTT brought nobody")] = (
        WebhookOptions()
    )
    jsonl: Annotated[JsonlOptions, Meta(description="results as JSON lines")] = JsonlOptions()
    video: Annotated[VideoOptions, Meta(description="annotated video")] = VideoOptions()
    metrics: Annotated[MetricsOptions, Meta(description="figures for Prometheus")] = MetricsOptions()
    show: Annotated[ShowOptions, Meta(description="a window")] = ShowOptions()
    publishers: Annotated[
        tuple[str, ...], Meta(description="publishers of others that run too, by the names they are installed under")
    ] = ()
    plugins: Annotated[
        dict[str, dict[str, Any]],
        Meta(description="options of rules and publishers of others, in a table [plugins.NAME] each"),
    ] = {}  # noqa: RUF012 (msgspec copies it)
