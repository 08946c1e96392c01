"""The checks of `edgepose doctor` that concern the place a device stands in: its clock, its disk, its broker."""

from __future__ import annotations

import shutil
import socket
import ssl
from pathlib import Path

from edgepose.backends.device_key import state_folder
from edgepose.clock import is_synced
from edgepose.device.check import Check
from edgepose.errors import ConfigError
from edgepose.publish.options import MqttOptions

BROKER_TIMEOUT_S = 2.0

ROOM_MB = 200
"""A spool that has taken 50,000 alerts, and an engine that is built anew, need about so much."""


def clock() -> Check:
    """Alerts carry the time of day."""
    if is_synced():
        return Check(name="clock", status="ok", found="synchronised")
    fix = "timedatectl set-ntp true, or install chrony; alerts say that their time is not sure until then"
    return Check(name="clock", status="warn", found="not synchronised", fix=fix)


def disk(folder: Path | None = None) -> Check:
    """Where alerts and engines are kept. folder: None for this user's state folder."""
    place = folder or state_folder()
    while not place.exists():
        place = place.parent
    free_mb = shutil.disk_usage(place).free >> 20
    found = f"{free_mb} MB free at {place}"
    if free_mb < ROOM_MB:
        fix = "make room: alerts wait in memory where the disk takes none; engines: edgepose engine gc"
        return Check(name="disk", status="warn", found=found, fix=fix)
    return Check(name="disk", status="ok", found=found)


def broker(url: str, options: MqttOptions | None = None) -> Check:
    """Whether somebody listens there and, with mqtts, whose certificate it shows. options: for ca_file and its like."""
    from edgepose.publish.mqtt.topics import parse_url

    name = "MQTT broker"
    try:
        wanted = parse_url(url if "//" in url else f"mqtt://{url}")
    except ConfigError as error:
        return Check(name=name, status="warn", found=f"no address ({error})", fix="write it as mqtt://HOST:PORT")
    place = f"{wanted.host}:{wanted.port}"
    try:
        with socket.create_connection((wanted.host, wanted.port), BROKER_TIMEOUT_S) as plain:
            if not wanted.tls:
                return Check(name=name, status="ok", found=f"{place} answers")
            with _trust(options).wrap_socket(plain, server_hostname=wanted.host) as secured:
                return Check(name=name, status="ok", found=f"{place} answers with {secured.version()}")
    except ssl.SSLCertVerificationError as error:
        found = f"{place}: its certificate is not trusted ({error.verify_message})"
        return Check(name=name, status="warn", found=found, fix="set the clock, or name its authority in mqtt.ca_file")
    except ssl.SSLError as error:
        found = f"{place} does not speak TLS ({error.reason or error})"
        return Check(name=name, status="warn", found=found, fix="use mqtt:// or the broker's TLS port, often 8883")
    except OSError as error:
        fix = "start it (apt-get install mosquitto), or name yours with --mqtt mqtt://HOST:PORT"
        found = f"{place} cannot be reached ({(error.strerror or str(error)).lower()})"
        return Check(name=name, status="warn", found=found, fix=fix)


def _trust(options: MqttOptions | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.ca_file or None if options else None)
    if options is not None and options.cert_file:
        context.load_cert_chain(options.cert_file, options.key_file or None)
    return context
