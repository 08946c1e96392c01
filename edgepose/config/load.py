"""Reads TOML into the tree of options; every mistake becomes one sentence that names the key and its file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

import msgspec

from edgepose.config.tree import Config
from edgepose.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*)`$")
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)


def load_config(path: str | Path) -> Config:
    """The configuration in a TOML file; ConfigError when it is missing, not TOML, or has a wrong key or value."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"configuration {path} does not exist; write one with: edgepose config init {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {path} cannot be read as UTF-8 text: {error}") from None
    return parse_config(text, where=str(path))


def parse_config(text: str, where: str = "configuration") -> Config:
    """The configuration that TOML text describes; `where` names it in messages."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}") from None
    try:
        return msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_explain(str(error))}") from None


def _explain(message: str) -> str:
    """msgspec's words as a sentence with the dotted path of the key and, for an unknown key, the nearest known one."""
    place = _PLACE.match(message)
    assert place is not None  # the pattern matches every text
    path = (place["path"] or "$").removeprefix("$").removeprefix(".")
    unknown = _UNKNOWN.match(place["what"])
    if unknown is None:
        return f"{path or 'the file'}: {_lower_first(place['what'])}"
    key, known = unknown["key"], _keys_at(path)
    full = f"{path}.{key}" if path else key
    nearest = get_close_matches(key, known, n=1, cutoff=0.5)
    if nearest:
        return f"unknown key {full!r}; did you mean {nearest[0]!r}?"
    elsewhere = [place for place in all_keys() if place.split(".")[-1] == key]
    if elsewhere:
        return f"unknown key {full!r}; {key!r} belongs at {elsewhere[0]!r}"
    return f"unknown key {full!r}; known here are {', '.join(known)}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _keys_at(path: str) -> list[str]:
    """Key names that the section at a dotted path knows, list indices ignored."""
    cls: type[msgspec.Struct] | None = Config
    for name in re.sub(r"\[[^]]*\]", "", path).split("."):
        if name and cls is not None:
            cls = next((section(field) for field in msgspec.structs.fields(cls) if field.encode_name == name), None)
    return [] if cls is None else [field.encode_name for field in msgspec.structs.fields(cls)]


def section(field: msgspec.structs.FieldInfo) -> type[msgspec.Struct] | None:
    """The options struct a key holds, alone, optional or in a list; None for a plain value."""
    found = _structs_in(msgspec.inspect.type_info(field.type))
    return next(found, None)


def _structs_in(info: msgspec.inspect.Type) -> Iterator[type[msgspec.Struct]]:
    if isinstance(info, msgspec.inspect.StructType):
        yield info.cls
    elif isinstance(info, msgspec.inspect.Metadata):
        yield from _structs_in(info.type)
    elif isinstance(info, msgspec.inspect.UnionType):
        for kind in info.types:
            yield from _structs_in(kind)
    elif isinstance(info, (msgspec.inspect.VarTupleType, msgspec.inspect.ListType)):
        yield from _structs_in(info.item_type)


def all_keys(cls: type[msgspec.Struct] = Config, prefix: str = "") -> list[str]:
    """Dotted paths of every key in the tree."""
    keys = []
    for field in msgspec.structs.fields(cls):
        inner = section(field)
        path = prefix + field.encode_name
        keys += [path] if inner is None else all_keys(inner, path + ".")
    return keys
