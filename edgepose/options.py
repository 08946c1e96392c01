"""The one base class of every options struct: frozen, unknown fields forbidden.

Options live beside the code they steer; `config.py` joins them to one tree. Each field carries its unit in its
name and a sentence in an `Annotated[..., Meta(description=...)]`, so that `config show|schema` can print both.
"""

from __future__ import annotations

import msgspec


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all options. Compare, hash and replace fields with `msgspec.structs.replace`."""
