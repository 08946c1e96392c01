"""The client id: the same after each start, another on each board, so that a broker knows who has come back."""

from __future__ import annotations

import functools
import hashlib
import os
import uuid
from pathlib import Path

_SERIALS = ("/proc/device-tree/serial-number", "/etc/machine-id", "/var/lib/dbus/machine-id")
"""The board's serial comes first: a card that is cloned brings its machine-id along."""


def client_id(device: str) -> str:
    """`edgepose-DEVICE-` and eight hex digits of a hash of this hardware; the serial itself stays here."""
    return f"edgepose-{device}-{hardware_hash()}"


def other_client_id(wanted: str) -> str:
    """One that nobody else has, where `wanted` is in use by another."""
    return f"{wanted}-{os.urandom(3).hex()}"


@functools.cache
def hardware_hash(serials: tuple[str, ...] = _SERIALS) -> str:
    """Eight hex digits that differ from board to board; of the network card where there is no serial."""
    for path in serials:
        try:
            serial = Path(path).read_bytes().strip(b"\0\n\r\t ")
        except OSError:
            continue
        if serial.strip(b"0"):
            break
    else:
        serial = str(uuid.getnode()).encode()
    return hashlib.sha256(b"edgepose client id " + serial).hexdigest()[:8]
