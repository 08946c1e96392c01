"""Where the pictures of a list lie on this disk: names of other machines, other systems and labelling servers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

MAX_MISSING = 0.01
"""Share of listed pictures that may be missing or unreadable; beyond it the list would be that of another folder."""

MAX_PARTS = 8
"""Last folders of a recorded path that are looked for."""

_UPLOADED = re.compile(r"[0-9a-f]{8}-(.+)")
"""Label Studio's prefix of uploaded files."""
_SERVED = re.compile(r"[?&]d=([^&]*)")
"""Label Studio's address of a local file: /data/local-files/?d=PATH."""
_DRIVE_OR_SCHEME = re.compile(r"^(?:[A-Za-z]:|[a-z][a-z0-9+.-]*://[^/]*)")


def find_picture(folder: Path, file_name: str) -> Path | None:
    """A picture of a list: where it is recorded, else by as many of the last parts of its name as lead to a file."""
    for name in names_of(file_name):
        path = folder / name
        if _is_file(path):
            return path
    return None


def names_of(file_name: str) -> Iterator[str]:
    """The names that a recorded one may have in the folder, the most exact first.

    As it stands; with / for Windows' \\; what Label Studio serves; without %20; from the longest end of the path to the
    last part; that without an upload's prefix; in the other way of writing accents (macOS).
    """
    yield file_name
    spellings = dict.fromkeys(_spellings(file_name))
    for text in spellings:
        parts = [part for part in re.split(r"[\\/]+", _DRIVE_OR_SCHEME.sub("", text)) if part not in ("", ".", "..")]
        parts = parts[-MAX_PARTS:]
        for start in range(len(parts)):
            yield "/".join(parts[start:])
        if parts and (uploaded := _UPLOADED.fullmatch(parts[-1])):
            yield uploaded[1]


def _spellings(file_name: str) -> Iterator[str]:
    served = _SERVED.search(file_name)
    plain = [served[1]] if served else [file_name]
    if not served and "://" in file_name:
        plain.append(file_name.partition("?")[0])
    for text in [*plain, *(unquote(one) for one in plain)]:
        yield text
        for form in ("NFC", "NFD"):
            yield unicodedata.normalize(form, text)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
