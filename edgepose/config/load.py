"""Reads TOML into the tree of options; every mistake becomes one sentence that names the key and its file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from edgepose.config.choices import among
from edgepose.config.tree import Config
from edgepose.errors import ConfigError
from edgepose.files import reason
from edgepose.options import absurd

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*)`$", re.DOTALL)
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)


MAX_BYTES = 1 << 18
"""Longest file; fifty cameras with every key written out take half of it."""

MAX_PARTS = 16
"""Parts of a key at most; the deepest has three. TOML readers take time and memory by the square of it."""

_PART = r"(?:[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')"
_DEEP = re.compile(
    rf"(?:^[ \t]*(?:\[{{1,2}}[ \t]*)?|[{{,][ \t]*){_PART}(?:[ \t]*\.[ \t]*{_PART}){{{MAX_PARTS},}}[ \t]*[\]=]",
    re.MULTILINE,
)


def load_config(path: str | Path) -> Config:
    """The configuration in a TOML file and in the fragments that lie in a folder beside it (`fragments_of`).

    Tables are joined key by key, a later file's value taking the place of an earlier one's; lists of tables, such as
    [[zones]], are joined one after the other. ConfigError when a file is missing, not TOML, or has a wrong key or
    value.
    """
    path = Path(path)
    first = _text_of(path)
    fragments = fragments_of(path)
    if not fragments:
        return parse_config(first, where=str(path))
    merged: dict[str, Any] = {}
    for file, text in ((path, first), *((one, _text_of(one)) for one in fragments)):
        values = _values(text, str(file))
        _converted(values, str(file))  # what is wrong with one file is said with its name
        _join(merged, values)
    return _converted(merged, f"{path} with {fragments[0].parent.name}")


def fragments_of(path: Path) -> list[Path]:
    """What is read after a configuration, by name: `conf.d/*.toml` beside `edgepose.toml`, `hall.d/*.toml` beside
    `hall.toml`.
    """
    folder = path.with_name("conf.d" if path.name == "edgepose.toml" else f"{path.stem}.d")
    return sorted(folder.glob("*.toml"))


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"configuration {path} does not exist; write one with: edgepose config init {path}") from None
    except (OSError, ValueError) as error:
        words = reason(error) if isinstance(error, OSError) else str(error)
        raise ConfigError(f"configuration {str(path)!r} cannot be read: {words}") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"configuration {path} is longer than {MAX_BYTES // 1024} KiB; is it the right file?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"configuration {path} cannot be read as UTF-8 text: {error}") from None


def parse_config(text: str, where: str = "configuration") -> Config:
    """The configuration that TOML text describes; `where` names it in messages."""
    return _converted(_values(text, where), where)


def _values(text: str, where: str) -> dict[str, Any]:
    deep = _DEEP.search(text)
    if deep is not None:
        line = text.count("\n", 0, deep.start()) + 1
        raise ConfigError(f"{where} has a key of more than {MAX_PARTS} parts in line {line}; no section lies that deep")
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{where} has lists or tables deeper than can be read; no section lies that deep") from None
    except ValueError:  # Python reads no number of more than 4,300 digits
        raise ConfigError(f"{where} has a number with too many digits; no setting is larger than 5e9") from None
    return values


def _converted(values: dict[str, Any], where: str) -> Config:
    for key, value in _leaves(values):
        found = absurd(value)
        if found is not None:
            raise ConfigError(f"{where}: {key}: {found}")
    try:
        return msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {printable(_explain(str(error)))}") from None
    except RecursionError:
        raise ConfigError(f"{where} has lists or tables deeper than can be read; no section lies that deep") from None


def _join(merged: dict[str, Any], values: dict[str, Any]) -> None:
    for key, value in values.items():
        before = merged.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            _join(before, value)
        elif _is_tables(before) and _is_tables(value):
            merged[key] = [*before, *value]  # type: ignore[misc]
        else:
            merged[key] = value


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _leaves(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every plain value with its dotted key."""
    waiting: list[tuple[str, Any]] = [("", values)]
    while waiting:  # no recursion: tables may lie as deep as the reader goes
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{key}.{name}" if key else name, one) for name, one in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{key}[{i}]", one) for i, one in enumerate(value)]
        else:
            yield key, value


def _explain(message: str) -> str:
    """msgspec's words as a sentence with the dotted path of the key and, for an unknown key, the nearest known one."""
    place = _PLACE.match(message)
    assert place is not None  # the pattern matches every text
    path = (place["path"] or "$").removeprefix("$").removeprefix(".")
    unknown = _UNKNOWN.match(place["what"])
    if unknown is None:
        return f"{path or 'the file'}: {among(Config, path, place['what']) or _lower_first(place['what'])}"
    key, known = unknown["key"], _keys_at(path)
    full = f"{path}.{key}" if path else key
    nearest = get_close_matches(key, known, n=1, cutoff=0.5)
    if nearest:
        return f"unknown key {full!r}; did you mean {nearest[0]!r}?"
    elsewhere = [place for place in all_keys() if place.split(".")[-1] == key]
    if elsewhere:
        return f"unknown key {full!r}; {key!r} belongs at {elsewhere[0]!r}"
    return f"unknown key {full!r}; known here are {', '.join(known)}"


def printable(text: str) -> str:
    """The text on one line, for a message: what cannot be printed is shown as Python writes it."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


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
