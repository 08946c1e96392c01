"""What this CPU does with INT8: whether its sums are whole."""

from __future__ import annotations

import platform
from functools import lru_cache
from pathlib import Path

DOT_PRODUCTS = {"avx512_vnni", "avx_vnni", "amx_int8"}
"""Instructions of x86 that sum four products of bytes in 32 bits; without them pairs are summed in 16 and saturate."""


@lru_cache(maxsize=1)
def int8_is_whole(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether INT8 convolutions on this CPU keep every sum. False on x86 without VNNI, where runtimes use `vpmaddubsw`:
    a pair of large products is cut off at 32767, and people vanish. Where it cannot be told it is taken to be whole.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return True
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return True
    flags = next((set(line.split()) for line in lines if line.startswith("flags")), None)
    return flags is None or bool(flags & DOT_PRODUCTS)
