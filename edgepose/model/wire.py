"""Protobuf on the wire, as much of it as an ONNX file needs: fields of a message, read in place and never copied."""

from __future__ import annotations

from collections.abc import Iterator

Value = int | memoryview


class TruncatedError(Exception):
    """The bytes end inside a field or do not form one."""


def fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """(field number, value) of one protobuf message, in file order; length-delimited values stay views."""
    at, end = 0, len(data)
    while at < end:
        key = data[at]
        if key < 0x80:  # one byte, as nearly always
            at += 1
        else:
            key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == 2:
            if at < end and data[at] < 0x80:
                size, at = data[at], at + 1
            else:
                size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise TruncatedError
        if number == 0 or size < 0 or at + size > end:
            raise TruncatedError
        yield number, data[at : at + size]
        at += size


def message(value: Value | None) -> dict[int, Value]:
    """A message whose fields come once, by number; empty for none."""
    return dict(fields(as_bytes(value)))


def integers(value: Value) -> Iterator[int]:
    """One occurrence of a repeated integer: a number by itself, or many packed."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        yield number


def as_bytes(value: Value | None) -> memoryview:
    """The bytes of a field; none for a number or nothing."""
    return value if isinstance(value, memoryview) else memoryview(b"")


def as_number(value: Value | None) -> int:
    """The number of a field; 0 for bytes or nothing."""
    return value if isinstance(value, int) else 0


def as_text(value: Value | None) -> str:
    """The text of a field; TruncatedError where it is not UTF-8."""
    try:
        return str(as_bytes(value), "utf-8")
    except UnicodeDecodeError:
        raise TruncatedError from None


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return (value - (1 << 64) if value >> 63 else value), at
    raise TruncatedError
