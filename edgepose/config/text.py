"""The tree in words: commented TOML, and the tables of docs/reference/configuration*.md."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from datetime import time as clock
from textwrap import wrap
from typing import Any

import msgspec

from edgepose.config.load import section
from edgepose.config.tree import Config

WIDTH = 100
"""Columns of a comment."""


def as_toml(config: Config, *, only_changed: bool = False) -> str:
    """The configuration as TOML with every key's sentence above it; reading it gives the same configuration back.

    only_changed: keys that keep their default are commented out, as in a file to start from.
    """
    return "\n".join(_section(config, "", only_changed)).strip() + "\n"


def _section(options: msgspec.Struct, path: str, only_changed: bool) -> Iterator[str]:
    """Plain keys first, for in TOML whatever follows a table header belongs to that table; then the sections below."""
    fields = _required_first(type(options))
    for field in fields:
        if section(field) is None:
            yield from _key(field, getattr(options, field.name), only_changed)
    for field in fields:
        if section(field) is None:
            continue
        value, below = getattr(options, field.name), f"{path}{field.encode_name}"
        for one in value if isinstance(value, Sequence) else [value]:
            yield f"\n# {described(field)}"
            yield f"[[{below}]]" if isinstance(value, Sequence) else f"[{below}]"
            yield from _section(one, f"{below}.", only_changed)


def _key(field: msgspec.structs.FieldInfo, value: Any, only_changed: bool) -> Iterator[str]:
    for line in wrap(described(field), WIDTH):
        yield f"# {line}"
    yield f"{'#' if only_changed and value == default_of(field) else ''}{field.encode_name} = {toml_value(value)}"


def toml_value(value: Any) -> str:
    """A number, text, truth value, list or table as TOML, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_value(key)} = {toml_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(toml_value(one) for one in value)}]"
    if isinstance(value, (date, clock)):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def default_of(field: msgspec.structs.FieldInfo) -> Any:
    """The value a key has where none is given; msgspec makes a table anew each time."""
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def described(field: msgspec.structs.FieldInfo) -> str:
    """The sentence beside a key, as its options struct gives it."""
    info = msgspec.inspect.type_info(field.type)
    schema = getattr(info, "extra_json_schema", None) or {}
    sentence = str(schema.get("description", ""))
    return sentence[:1].upper() + sentence[1:].rstrip(".") + "."


def _required_first(cls: type[msgspec.Struct]) -> list[msgspec.structs.FieldInfo]:
    return sorted(msgspec.structs.fields(cls), key=lambda field: not field.required)


def as_markdown() -> str:
    """Every section of the configuration as a table."""
    return tables(Config)


def tables(cls: type[msgspec.Struct], only: Collection[str] | None = None) -> str:
    """Sections of a tree of options as Markdown tables: key, default, meaning.

    only: names of sections on the first level, "" for the keys outside of all; everything when left out. Keys that were
    listed for an earlier section are not listed again.
    """
    lines: list[str] = []
    for name, text in _tables(cls, "", {}):
        if only is None or name.split(".")[0] in only:
            lines += text
    return "\n".join(lines).strip() + "\n"


def _tables(
    cls: type[msgspec.Struct], path: str, listed: dict[type[msgspec.Struct], str]
) -> Iterator[tuple[str, list[str]]]:
    """(name, lines) of the keys of a section, then of each section in it. listed: heads of those that came before."""
    fields = _required_first(cls)
    if cls in listed:
        yield path, [f"The keys of `{listed[cls]}`."]
        return
    rows = ["| key | default | meaning |", "|---|---|---|"]
    for field in fields:
        if section(field) is None:
            default = "(required)" if field.required else f"`{toml_value(default_of(field))}`"
            rows.append(f"| `{field.encode_name}` | {default} | {described(field).replace('|', chr(92) + '|')} |")
    yield path, rows
    for field in fields:
        inner = section(field)
        if inner is None:
            continue
        name = f"{path}.{field.encode_name}" if path else field.encode_name
        header = f"[[{name}]]" if isinstance(field.default, tuple) else f"[{name}]"
        yield name, [f"\n## `{header}`\n\n{described(field)}\n"]
        yield from _tables(inner, name, listed)
        listed.setdefault(inner, header)
