"""Addresses of sources: which schemes are allowed, and what a camera is called.

No scheme runs a command and no address is ever pasted into a pipeline description. Whatever leaves this package
(names, logs, messages) shows an address through `shown`, so that a camera's password stays in its own connection.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from edgepose.address import ENCODING, camera_of, lacks_scheme, problem
from edgepose.errors import SourceError
from edgepose.pictures import is_picture
from edgepose.redaction import redact, shown

SCHEMES = ("file", "images", "rtsp", "rtsps", "http", "https", "v4l2", "csi", "synthetic")
"""The built-in schemes; a plain path is a file or, where it names a folder or picture, images."""

__all__ = ["DEVICE", "camera_name", "checked_network", "local_path", "redact", "scheme_of", "shown", "with_scheme"]

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*)://")
DEVICE = re.compile(r"^/dev/(video\d+|v4l/by-(id|path)/[^/]+)$")
"""How Linux names V4L2 cameras."""

_NUMBER = re.compile(r"\d{1,3}")
_UNFIT = re.compile(r"[^A-Za-z0-9_.\-]+")
_MAX_NAME = 64


def scheme_of(uri: str) -> str:
    """The lower-case scheme; for a plain path "images" where it names a folder or a picture, else "file".

    Raises SourceError for control characters, which no camera address has, and for a camera's address without scheme.
    """
    if not uri or any(ord(letter) < 32 or ord(letter) == 127 for letter in uri):
        raise SourceError(f"a source needs an address without control characters, got {shown(uri)!r}")
    found = _SCHEME.match(uri)
    scheme = found.group(1).lower() if found else "file"
    if scheme == "file":
        path = local_path(uri)
        # of os.path: Path's own raise for a name that is too long
        if found is None and lacks_scheme(uri) and not os.path.exists(path):  # noqa: PTH110
            raise SourceError(
                "a source is no file and looks like a camera's address without its scheme (it is not repeated here); "
                "write rtsp://USER:PASSWORD@HOST:PORT/PATH"
            )
        if os.path.isdir(path) or is_picture(path):  # noqa: PTH112
            return "images"
    return scheme


def with_scheme(uri: str) -> str:
    """The address with its scheme where a number or a device stands for a V4L2 camera: 0, /dev/video0."""
    if _NUMBER.fullmatch(uri) and not os.path.exists(uri):  # noqa: PTH110
        return f"v4l2:///dev/video{int(uri)}"
    return f"v4l2://{uri}" if DEVICE.match(uri) else uri


def local_path(uri: str) -> Path:
    """Path of a plain path, `file://` or `images://` address; percent escapes are resolved in addresses only."""
    found = _SCHEME.match(uri)
    if found is None:
        return Path(os.path.expanduser(uri))  # noqa: PTH111, Path.expanduser raises for an unknown user
    host, _, path = uri[found.end() :].partition("/")
    if host not in ("", "localhost"):
        raise SourceError(
            f"{shown(uri)!r} names a host but only local files are read; write three slashes: {found.group(1)}:///path"
        )
    return Path("/" + unquote(path))


def camera_name(wish: str, uri: str) -> str:
    """The name of a camera in results and MQTT topics: the wish, else one taken from the address.

    Raises SourceError for a wish that is not 1 to 64 letters, digits, `_`, `-` or `.`, starting with a letter or
    digit, since the name becomes a part of topics and file names.
    """
    if wish:
        if len(wish) > _MAX_NAME or _UNFIT.search(wish) or not wish[0].isalnum():
            raise SourceError(
                f"a camera name has 1 to {_MAX_NAME} letters, digits, '_', '-' or '.', starting with a letter or "
                f"digit; got {wish[:80]!r}"
            )
        return wish
    return _UNFIT.sub("_", _raw_name(uri).replace(".", "_")).strip("_-")[:_MAX_NAME] or "camera"


def checked_network(uri: str) -> str:
    """The address of a network camera. Raises SourceError, in words that repeat nothing secret, where it is none."""
    wrong = problem(uri)
    if wrong:
        scheme = scheme_of(uri)
        protocol = "RTSP" if scheme.startswith("rtsp") else "HTTP"
        raise SourceError(
            f"{shown(uri)!r} is no {protocol} address: {wrong}; write {scheme}://USER:PASSWORD@HOST:PORT/PATH, where "
            f"{ENCODING}"
        )
    return uri


def _raw_name(uri: str) -> str:
    scheme = scheme_of(uri)
    if scheme in ("file", "images"):
        path = local_path(uri)
        with suppress(OSError, ValueError, RuntimeError):  # no path at all, such as one with a NUL; opening it says so
            path = path.resolve()
        return path.stem
    if scheme in ("rtsp", "rtsps", "http", "https"):
        return camera_of(checked_network(uri))
    if scheme == "v4l2":
        return local_path(uri).name
    sensor = re.fullmatch(r"csi://(\d{1,2})/?", uri, re.IGNORECASE)
    return f"csi{sensor.group(1)}" if sensor else scheme
