"""How a connection to a broker ended, in words: what was found, and what to look at."""

from __future__ import annotations

import ssl

from edgepose.clock import is_synced
from edgepose.publish.mqtt import reasons
from edgepose.publish.mqtt.connection import Connection, Ending
from edgepose.publish.mqtt.topics import Broker

ANSWER_S = 5.0
"""Longest wait for a CONNACK, and with several brokers for a PUBACK too, before the next one is tried."""

_OUT_OF_DATE = (9, 10)
"""OpenSSL's verify codes of a certificate that is not valid yet, or no more; what a board without a clock sees."""


def in_words(broker: Broker, connection: Connection, ending: Ending) -> str:
    """Why there is no connection, as the end of a sentence that begins with the broker."""
    if ending.kind == "unreachable":
        return f"cannot be reached: {_error_words(ending.error)}; {_hint(ending.error, broker)}"
    if ending.kind == "refused":
        return f"refuses this device: {reasons.sentence(ending.code)}"
    if ending.kind == "foreign":
        return f"answers something else than MQTT {connection.protocol}; is it a broker?"
    if ending.kind == "silent":
        if connection.connected_s:
            return "went away: it answers nothing any more"
        return f"takes the connection and then says nothing for {ANSWER_S:.0f} s; is it a broker, and is it well?"
    if ending.kind == "lost":
        return f"went away: {reasons.sentence(ending.code) if ending.code else 'it closed the connection'}"
    if broker.tls:
        said = f" ({ending.words.split(': ', 1)[-1]})" if ending.words else ""
        return f"closes the connection before it answers{said}; does it want a certificate (mqtt.cert_file)?"
    return "closes the connection before it answers; does it want TLS on this port (mqtts://)?"


def _hint(error: BaseException | None, broker: Broker) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        out_of_date = error.verify_code in _OUT_OF_DATE
        return "the clock is not set yet" if out_of_date and not is_synced() else "check mqtt.ca_file"
    if broker.tls and isinstance(error, (ssl.SSLError, ConnectionResetError, TimeoutError)):
        return "does it speak TLS on this port (mqtt:// is without)?"
    if isinstance(error, ValueError):
        return "check the host name in mqtt.url"
    return "is it running?"


def _error_words(error: BaseException | None) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or "no answer"
    return str(error) if error else "no answer"
