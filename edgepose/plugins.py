"""Finds an implementation by name: in a folder's own table first, then among installed entry points.

A table maps a name to "module:attribute", so that nothing is imported before it is chosen. Others register theirs
under the entry-point groups edgepose.sources, edgepose.backends, edgepose.rules and edgepose.publishers.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from edgepose.errors import ConfigError


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
        return found[name].load()
    known = ", ".join(sorted({*table, *found}))
    raise ConfigError(f"no {kind} named {name!r}; there are {known} (others register under the entry point {group})")
