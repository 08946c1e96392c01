"""Names of cameras and devices, made fit for topics and files.

They come from users and addresses, so they are reduced to letters that mean nothing to a broker, a shell or a file
system.
"""

from __future__ import annotations

import hashlib
import re

_MAX_SLUG = 64


def slug(name: str) -> str:
    """`name` fit for one level of a topic or a file name: letters, digits, underscore, dash; never empty.

    No dots: RabbitMQ acknowledges a message whose topic has one in a level and delivers it to nobody, NATS closes the
    connection. A name that had to be changed gets eight letters of its hash, so that "a/b" and "a+b" stay two cameras.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.").replace(".", "_")[:_MAX_SLUG]
    if plain == name and plain:
        return plain
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain}-{digest}" if plain else digest
