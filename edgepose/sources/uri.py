"""Addresses of sources: which schemes are allowed, what a camera is called, and what of an address may be shown.

No scheme runs a command and no address is ever pasted into a pipeline description. Whatever leaves this package
(names, logs, messages) shows an address through `redact`, so that a camera's password stays in its own connection.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from edgepose.errors import SourceError
from edgepose.pictures import is_picture

SCHEMES = ("file", "images", "rtsp", "rtsps", "v4l2", "csi", "synthetic")
"""The built-in schemes; a plain path is a file or, where it names a folder or picture, images."""

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*)://")
_AUTHORITY = re.compile(r"(?<=://)\S*@")
_SECRET_KEY = re.compile(r"(?i)([?&;](?:[^=&;\s]*(?:pass|pwd|token|secret|auth|key)[^=&;\s]*)=)[^&;\s'\"]+")
_UNFIT = re.compile(r"[^A-Za-z0-9_.\-]+")
_MAX_NAME = 64


def redact(text: str) -> str:
    """`text` with the credentials of every address in it replaced by `***`: user:password@, and ?password=... values.

    Works on an address as well as on a sentence of a library that quotes one.
    """
    return _SECRET_KEY.sub(r"\1***", _AUTHORITY.sub("***@", text))


def scheme_of(uri: str) -> str:
    """The lower-case scheme; for a plain path "images" where it names a folder or a picture, else "file".

    Raises SourceError for control characters, which no camera address has.
    """
    if not uri or any(ord(letter) < 32 or ord(letter) == 127 for letter in uri):
        raise SourceError(f"a source needs an address without control characters, got {redact(uri)!r}")
    found = _SCHEME.match(uri)
    scheme = found.group(1).lower() if found else "file"
    if scheme == "file":
        path = local_path(uri)
        if path.is_dir() or is_picture(path):
            return "images"
    return scheme


def local_path(uri: str) -> Path:
    """Path of a plain path, `file://` or `images://` address; percent escapes are resolved in addresses only."""
    found = _SCHEME.match(uri)
    if found is None:
        return Path(uri).expanduser()
    host, _, path = uri[found.end() :].partition("/")
    if host not in ("", "localhost"):
        raise SourceError(
            f"{redact(uri)!r} names the host {redact(host)!r} but only local files are read; "
            f"write three slashes: {found.group(1)}:///path"
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
    return _UNFIT.sub("_", _raw_name(uri)).strip("_.-")[:_MAX_NAME] or "camera"


def _raw_name(uri: str) -> str:
    scheme = scheme_of(uri)
    if scheme in ("file", "images"):
        return local_path(uri).resolve().stem
    parts = urlsplit(uri)
    if scheme in ("rtsp", "rtsps"):
        return f"{parts.hostname or ''}{parts.path}"
    if scheme == "v4l2":
        return Path(parts.path).name
    return f"{scheme}{parts.netloc}{parts.path}" if scheme == "csi" else scheme
