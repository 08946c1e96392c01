"""Finds an implementation by name: in a folder's own table first, then among installed entry points.

A table maps a name to "module:attribute", so that nothing is imported before it is chosen. Others register theirs
under the entry-point groups edgepose.sources, edgepose.backends, edgepose.rules and edgepose.publishers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, TypeVar

import msgspec

from edgepose.errors import ConfigError, EdgePoseError

Made = TypeVar("Made")


def find(kind: str, name: str, table: Mapping[str, str]) -> Any:
    """The object registered as `name`; ConfigError naming what there is when there is none.

    kind: plural used in messages and in the group name, such as "sources".
    """
    if name in table:
        module, _, attribute = table[name].partition(":")
        return getattr(import_module(module), attribute)
    from importlib.metadata import entry_points  # 50 ms on a small board, and seldom needed

    group = f"edgepose.{kind}"
    found = {entry.name: entry for entry in entry_points(group=group)}
    if name in found:
        try:
            return found[name].load()
        except Exception as error:
            raise ConfigError(f"{kind} plugin {name!r} cannot be loaded: {_first_line(error)}") from error
    known = ", ".join(sorted({*table, *found})) or "none installed"
    raise ConfigError(f"no {kind} named {name!r}; there are {known} (others register under the entry point {group})")


def options_of(kind: str, name: str, plugin: Any, values: Mapping[str, Any]) -> Any:
    """The options of a plugin, from its table `[plugins.NAME]`.

    A plugin that has options has an attribute `Options`, a msgspec.Struct with a default for every field; one without
    gets None. ConfigError for a value that does not fit, and for an unknown key, with the nearest known one.
    """
    struct = getattr(plugin, "Options", None)
    if struct is None:
        if values:
            raise ConfigError(f"{kind} plugin {name!r} takes no options; leave [plugins.{name}] out")
        return None
    known = [field.encode_name for field in msgspec.structs.fields(struct)]
    for key in values:
        if key not in known:
            nearest = get_close_matches(key, known, n=1, cutoff=0.5)
            there = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(known)}"
            raise ConfigError(f"unknown key 'plugins.{name}.{key}'; {there}")
    try:
        return msgspec.convert(dict(values), struct)
    except msgspec.ValidationError as error:
        raise ConfigError(f"plugins.{name}: {error}") from None


def made(kind: str, name: str, make: Callable[[], Made]) -> Made:
    """What a plugin makes; whatever it raises becomes a ConfigError that names it."""
    try:
        return make()
    except EdgePoseError:
        raise
    except Exception as error:
        raise ConfigError(f"{kind} plugin {name!r} failed at its start: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
