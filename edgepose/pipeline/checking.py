"""Whether a configuration can be run: what `run` would refuse is refused here, by the same code and in the same words.

Files are opened as they would be, and let go again. Cameras and brokers are not asked, since a configuration is often
written where they cannot be reached: of these the address, the password file and the certificates are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from edgepose.backends import BACKENDS
from edgepose.config import Config, SourceEntry
from edgepose.pipeline.opening import check_names, no_source, open_source_of, publishers_of
from edgepose.pipeline.rules import rule_makers
from edgepose.plugins import find
from edgepose.publish.options import MqttOptions
from edgepose.skeleton import BODYPOSENET_18, Skeleton
from edgepose.sources.uri import camera_name, scheme_of, with_scheme

_ADDRESSES = {
    "rtsp": "edgepose.sources.rtsp:checked",
    "rtsps": "edgepose.sources.rtsp:checked",
    "http": "edgepose.sources.mjpeg:checked",
    "https": "edgepose.sources.mjpeg:checked",
    "v4l2": "edgepose.sources.v4l2:device_path",
    "csi": "edgepose.sources.csi:sensor_id",
}
"""What reads the address of a camera, by scheme; every other source is opened."""

_PUBLISHERS = {
    "mqtt": "edgepose.publish.mqtt.publisher:MqttPublisher",
    "webhook": "edgepose.publish.webhook:WebhookPublisher",
    "jsonl": "edgepose.publish.jsonl:check",
    "video": "edgepose.publish.video:check",
    "metrics": "edgepose.publish.metrics:MetricsPublisher",
    "show": "edgepose.publish.show:WindowPublisher",
}
"""What says that a publisher's options can be used; making one of MQTT, of metrics or of a window neither connects nor
opens."""

_CREDENTIALS = "/run/credentials/"
"""Where systemd puts what `LoadCredential` names."""

_ANY_WH = (1280, 720)
"""A picture size, to make the rules of a camera for whose size is not known yet."""


def check(config: Config) -> None:
    """Raise the EdgePoseError that running it would begin with."""
    if not config.sources:
        raise no_source()
    names = [_source_name(entry) for entry in config.sources]
    check_names(names, config)
    for make in rule_makers(config, None, _check_model(config)):
        for name in names:
            make(name, _ANY_WH)
    for publisher in publishers_of(config):
        options = getattr(config, publisher)
        _named(_PUBLISHERS[publisher])(_outside_of_service(options) if publisher == "mqtt" else options)


def _outside_of_service(options: MqttOptions) -> MqttOptions:
    """Without a password, key or certificate that systemd hands over only while the service runs."""

    def is_away(path: str) -> bool:
        return path.startswith(_CREDENTIALS) and not os.access(path, os.R_OK)

    if is_away(options.password_file):
        options = replace(options, password_file="")
    if is_away(options.cert_file) or is_away(options.key_file):
        options = replace(options, cert_file="", key_file="")
    return options


def _source_name(entry: SourceEntry) -> str:
    uri = with_scheme(entry.uri)
    address = _ADDRESSES.get(scheme_of(uri))
    if address is not None:
        _named(address)(uri)
        return camera_name(entry.name, uri)
    source = open_source_of(entry)
    source.close()
    return source.name


def _check_model(config: Config) -> Skeleton:
    """The keypoints of the people that it finds."""
    from edgepose.model import load_spec, model_path
    from edgepose.model.shipped import no_model

    path, backend = model_path(config.model.path), config.model.backend.name
    if backend not in ("auto", "cpu"):
        find("backends", backend, BACKENDS)
    if not path.is_file():
        raise no_model(Path(path))
    return load_spec(path).pose_skeleton if path.suffix == ".onnx" and backend != "replay" else BODYPOSENET_18


def _named(place: str) -> Callable[[Any], object]:
    module, _, attribute = place.partition(":")
    found: Callable[[Any], object] = getattr(import_module(module), attribute)
    return found
