"""What `edgepose doctor` says of one thing about a machine."""

from __future__ import annotations

from typing import Literal

from edgepose.options import Options


class Check(Options, frozen=True):
    """One thing about this machine. found: what there is. fix: what to do, empty where all is well."""

    name: str
    status: Literal["ok", "warn", "fail"]
    found: str
    fix: str = ""
