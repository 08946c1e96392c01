"""Which board this is: JetPack's release and the board's name, from the files that NVIDIA's system has."""

from __future__ import annotations

import re
from pathlib import Path

RELEASE_FILE = Path("/etc/nv_tegra_release")
NAME_FILE = Path("/proc/device-tree/model")


def jetpack_release(file: Path = RELEASE_FILE) -> str:
    """L4T release of a Jetson, such as "R36.4.3"; empty elsewhere."""
    try:
        line = file.read_text().splitlines()[0]
    except (OSError, IndexError, UnicodeDecodeError):
        return ""
    found = re.search(r"R(\d+).*?REVISION:\s*([\d.]+)", line)
    return f"R{found[1]}.{found[2]}" if found else line.strip("# ")


def board_name(file: Path = NAME_FILE) -> str | None:
    """Name of the Jetson board, None elsewhere."""
    try:
        name = file.read_text().strip("\0\n ")
    except (OSError, UnicodeDecodeError):
        return None
    return name if "NVIDIA" in name or "Jetson" in name else None


def is_jetson() -> bool:
    """Whether this machine is a Jetson."""
    return RELEASE_FILE.exists() or board_name() is not None
