"""The bytes of an annotation file into raw records: encodings, JSON and its bad habits, the outer shape."""

from __future__ import annotations

import codecs
import json
import math
from pathlib import Path
from typing import Any

import msgspec

from edgepose.errors import DataError
from edgepose.files import reason

MAX_BYTES = 4 << 30
"""Largest file that is read; COCO's own of 118,000 pictures has 240 MB."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks that Windows writes in front of a text; UTF-32's begins as UTF-16's does."""


class RawPicture(msgspec.Struct):
    """A record of `images` as it stands."""

    id: Any = None
    file_name: Any = None
    width: Any = None
    height: Any = None


class RawPerson(msgspec.Struct):
    """A record of `annotations` as it stands; `segmentation` stays text, it is most of the file and seldom wanted."""

    id: Any = None
    image_id: Any = None
    category_id: Any = None
    iscrowd: Any = None
    keypoints: Any = None
    bbox: Any = None
    area: Any = None
    segmentation: msgspec.Raw = msgspec.Raw(b"null")


class RawCategory(msgspec.Struct):
    """A record of `categories` as it stands."""

    id: Any = None
    name: Any = None
    keypoints: Any = None


class Document(msgspec.Struct):
    """A whole file as it stands."""

    images: list[RawPicture]
    annotations: list[RawPerson] | None = None
    categories: list[RawCategory] | None = None


def read_document(path: Path) -> Document:
    """The records of a COCO file; DataError when it cannot be read, is no JSON or has no list of pictures.

    NaN, Infinity and numbers too large for a float, which Python's own writer lets through, are read as null.
    """
    data = _utf8(path)
    try:
        return _decoded(data, path)
    except _NOT_JSON as error:
        lenient = _without_odd_numbers(data)
        if lenient is None:
            raise DataError(f"annotations '{path}' are not JSON that can be read: {error}") from None
    try:
        return _decoded(lenient, path)
    except _NOT_JSON as error:
        raise DataError(f"annotations '{path}' are not JSON that can be read: {error}") from None


def _utf8(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"annotations '{path}' are no file; give the JSON file itself")
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"annotations '{path}' are larger than {MAX_BYTES >> 30} GB; give a file of fewer pictures")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise DataError(f"cannot read annotations '{path}': {why}") from None
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None:
        return data
    try:
        return data.decode(encoding).encode()
    except UnicodeError:
        raise DataError(
            f"annotations '{path}' are not the {encoding} that they begin as; write them as UTF-8"
        ) from None


def _decoded(data: bytes, path: Path) -> Document:
    try:
        return msgspec.json.decode(data, type=Document)
    except msgspec.ValidationError as error:
        if "out of range" in str(error):
            raise _OddNumberError(str(error)) from None
        raise DataError(
            f"annotations '{path}' are not COCO keypoints: wanted lists of records 'images' and 'annotations', and "
            f"the file says otherwise ({error}); export them as COCO keypoints"
        ) from None


class _OddNumberError(Exception):
    """A number of JSON that no float holds."""


_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _OddNumberError)


def _without_odd_numbers(data: bytes) -> bytes | None:
    """The same JSON with null for what is no number of JSON; None when that was not what is wrong."""

    def finite(text: str) -> float | None:
        value = float(text)
        return value if math.isfinite(value) else None

    try:
        content = json.loads(data, parse_constant=lambda _: None, parse_float=finite)
        return json.dumps(content, ensure_ascii=False).encode(errors="replace")
    except (ValueError, RecursionError):
        return None
