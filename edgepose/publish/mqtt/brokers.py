"""The brokers that the options name, what is trusted and shown to them: read once, before the first connection."""

from __future__ import annotations

import ssl

from msgspec.structs import replace

from edgepose.errors import ConfigError
from edgepose.files import read_secret
from edgepose.publish.mqtt.topics import Broker, parse_url
from edgepose.publish.options import MqttOptions


def brokers_of(options: MqttOptions) -> tuple[Broker, ...]:
    """`url` and the `fallbacks`, with their password; ConfigError where one cannot be read."""
    brokers = tuple(parse_url(url) for url in (options.url, *options.fallbacks))
    if not options.password_file:
        return brokers
    if brokers[0].user is None:
        raise ConfigError("mqtt.password_file needs a user in mqtt.url, as mqtt://user@host")
    try:
        password = read_secret(options.password_file).decode().rstrip("\r\n")
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError(f"mqtt.password_file {options.password_file!r} cannot be read: {words}") from None
    return tuple(
        broker if broker.user is None or (index and broker.password is not None) else replace(broker, password=password)
        for index, broker in enumerate(brokers)
    )


def tls_of(options: MqttOptions) -> ssl.SSLContext:
    """What is trusted (`ca_file`) and shown (`cert_file`, `key_file`) with mqtts://; ConfigError for unusable files."""
    try:
        context = ssl.create_default_context(cafile=options.ca_file or None)
    except OSError as error:
        raise ConfigError(f"mqtt.ca_file {options.ca_file!r} cannot be used: {error}") from error
    if options.key_file and not options.cert_file:
        raise ConfigError("mqtt.key_file needs the certificate it belongs to; set mqtt.cert_file")
    if options.cert_file:
        try:
            context.load_cert_chain(options.cert_file, options.key_file or None, password="")
        except OSError as error:
            files = f"mqtt.cert_file {options.cert_file!r}"
            raise ConfigError(
                f"{files} cannot be used: {error}; wanted PEM files that belong together, the key without a passphrase"
            ) from error
    return context
