"""Says on the broker that a service has given up: nobody watches, and nobody who looks at the broker may believe so.

The service itself cannot: it ended over a configuration that cannot be used. The broker is taken from it all the same
where its [mqtt] can be read, else from the last configuration that worked.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import msgspec

from edgepose.clock import rfc3339
from edgepose.config import load_config
from edgepose.device.starting import last_good_file
from edgepose.encoding import encode
from edgepose.errors import ConfigError, EdgePoseError, PublishError
from edgepose.health import reason_now
from edgepose.publish.mqtt.health import HealthMessage
from edgepose.publish.mqtt.reasons import FAILURE, sentence
from edgepose.publish.mqtt.session import Session
from edgepose.publish.mqtt.topics import Topics
from edgepose.publish.options import MqttOptions

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_CREDENTIALS = "/run/credentials/"


def say_failed(config_file: Path, timeout_s: float = 20.0) -> str:
    """Publish `health: failed` for the device of a configuration; the broker it was said to, empty where it has none.

    PublishError where the broker cannot be reached or refuses.
    """
    options, why = _broker_of(config_file)
    if not options.url:
        return ""
    topics = Topics(options.device_name)
    hint = f"the service has given up, nobody watches: {why}"
    at = rfc3339(time.time_ns() // 1_000_000)
    message = HealthMessage("failed", [reason_now("service_failed", hint)], at=at)
    session = Session(options, f"edgepose-failed-{os.urandom(3).hex()}")
    session.start()
    try:
        deadline = time.monotonic() + timeout_s
        _step(session, deadline)
        while not session.connected:
            _step(session, deadline)
        mids = {
            session.publish(topics.of("health"), encode(message), qos=1, retain=True),
            session.publish(topics.of("status"), b"offline", qos=1, retain=True),
        }
        while mids:
            _step(session, deadline)
            for mid, reason in session.answers():
                mids.discard(mid)
                if reason >= FAILURE:
                    raise PublishError(f"broker {session.broker} does not take it: {sentence(reason)}")
        return str(session.broker)
    finally:
        session.close()


def _step(session: Session, deadline: float) -> None:
    if time.monotonic() >= deadline:
        raise PublishError(f"broker {session.broker} {session.problem or 'did not answer in time'}")
    session.wait(0.1)
    session.tend()


def _broker_of(config_file: Path) -> tuple[MqttOptions, str]:
    """The broker, and what is wrong with the configuration."""
    why = "its log says why: journalctl -u edgepose"
    try:
        return _with_credentials(load_config(config_file).mqtt), why
    except EdgePoseError as error:
        why = str(error)
    try:
        return _with_credentials(_only_mqtt(config_file)), why
    except EdgePoseError:
        return _with_credentials(load_config(last_good_file(config_file)).mqtt), why


def _only_mqtt(config_file: Path) -> MqttOptions:
    try:
        found = tomllib.loads(config_file.read_text()).get("mqtt", {})
        return msgspec.convert(found, MqttOptions)
    except (OSError, ValueError, msgspec.ValidationError, AttributeError) as error:
        raise ConfigError(f"{config_file} names no broker that can be used ({error})") from None


def _with_credentials(options: MqttOptions) -> MqttOptions:
    """Each unit is given the same secrets in a folder of its own."""
    own = os.environ.get("CREDENTIALS_DIRECTORY", "")
    places = {name: getattr(options, name) for name in ("password_file", "cert_file", "key_file")}
    moved = {name: f"{own}/{Path(path).name}" for name, path in places.items() if path.startswith(_CREDENTIALS)}
    return msgspec.structs.replace(options, **moved) if own else options
