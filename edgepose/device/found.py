"""What a device can be set up with: cameras on this machine, network cameras that answer a call, a broker here."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edgepose.clock import uuid7

BROKER_S = 0.5
CALL_S = 1.5
"""How long network cameras have to answer; those that are there do so within half a second."""

_CALL_TO = ("239.255.255.250", 3702)
_PROBE = (
    '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
    'xmlns:n="http://www.onvif.org/ver10/network/wsdl"><e:Header><w:MessageID>uuid:{}</w:MessageID>'
    "<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
    "<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>"
    "<e:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"
)
"""WS-Discovery 2005/04, as the ONVIF core specification asks for it (chapter 7)."""

_ADDRESS = re.compile(rb"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-]+)[:/]")

_CAPABILITY = struct.Struct("16s32s32sII I3I")
_QUERYCAP = 0x80685600
"""VIDIOC_QUERYCAP and what it fills, from linux/videodev2.h: driver, card, bus, version, capabilities of the whole and
of this node."""
_CAPTURES = 0x1 | 0x1000  # V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE

Ask = Callable[[Path], bytes]
"""Fills a v4l2_capability for a node; OSError where it cannot be asked."""


def cameras(folder: Path = Path("/dev"), ask: Ask | None = None) -> list[str]:
    """Addresses of the cameras on this machine: USB ones by a name that stays, a Jetson's by their sensor."""
    stays = {link.resolve(): link for link in sorted((folder / "v4l/by-id").glob("*-index0"))}
    found, n_sensors = [], 0
    for node in sorted(folder.glob("video*"), key=lambda one: (len(one.name), one.name)):
        try:
            driver, _, _, _, whole, own, *_ = _CAPABILITY.unpack((ask or _asked)(node))
        except OSError:
            continue  # another program's, or none that may be opened
        if not (own or whole) & _CAPTURES:
            continue  # the other half of a camera: its metadata
        if driver.startswith(b"tegra"):
            found.append(f"csi://{n_sensors}")
            n_sensors += 1
        else:
            found.append(f"v4l2://{stays.get(node.resolve(), node)}")
    return found


def network_cameras(within_s: float = CALL_S) -> list[str]:
    """Hosts of the ONVIF cameras that answer a call into the local network; their stream has an address of its own."""
    hosts: dict[str, None] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        try:
            caller.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
            caller.sendto(_PROBE.format(uuid7()).encode(), _CALL_TO)
        except OSError:
            return []  # no network
        for answer in _answers(caller, within_s):
            hosts.update(dict.fromkeys(hosts_in(answer)))
    return list(hosts)


def hosts_in(answer: bytes) -> list[str]:
    """Hosts that a ProbeMatch names as its addresses (XAddrs); none where it is no such answer."""
    addresses = re.search(rb"<(?:\w+:)?XAddrs>([^<]*)<", answer)
    return [] if addresses is None else [one.decode() for one in _ADDRESS.findall(addresses[1] + b"/")]


def broker() -> str:
    """A broker on this machine, empty where none answers."""
    try:
        socket.create_connection(("127.0.0.1", 1883), BROKER_S).close()
    except OSError:
        return ""
    return "mqtt://localhost"


def _answers(caller: socket.socket, within_s: float) -> Iterator[bytes]:
    deadline = time.monotonic() + within_s
    while (left_s := deadline - time.monotonic()) > 0:
        caller.settimeout(left_s)
        try:
            yield caller.recv(65_536)
        except OSError:  # nobody answers any more
            return


def _asked(node: Path) -> bytes:
    answer = bytearray(_CAPABILITY.size)
    device = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.ioctl(device, _QUERYCAP, answer)
    finally:
        os.close(device)
    return bytes(answer)
