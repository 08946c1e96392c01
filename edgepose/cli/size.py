"""`--size HxW` of several verbs."""

from __future__ import annotations

import re

from edgepose.errors import ConfigError


def parse_size(text: str | None) -> tuple[int, int] | None:
    """(H, W) of "224x320"; None for None; ConfigError for anything else."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)[xX](\d+)", text.strip())
    if found is None:
        raise ConfigError(f"wanted a size as HEIGHTxWIDTH, such as 224x320, got {text!r}")
    return int(found[1]), int(found[2])
