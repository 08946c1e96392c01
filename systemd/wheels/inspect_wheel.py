"""Says what a wheel of EdgePose needs, and refuses one that lacks something or was built for another machine.

python systemd/wheels/inspect_wheel.py dist/edgepose-0.1.0-cp311-cp311-linux_aarch64.whl aarch64
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from zipfile import ZipFile

MACHINES = {62: "x86_64", 183: "aarch64"}
"""e_machine of an ELF file, by `uname -m`."""
INSIDE = (r"models/.+\.onnx", r"models/.+\.json", r"training/recipes/.+\.(pt|toml)", r"device/web/.+\.js", r"py\.typed")


def examine(wheel: Path, machine: str) -> str:
    """A sentence on the wheel; SystemExit with one where it is not what was wanted."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        cores = [archive.read(name) for name in names if re.match(r"edgepose/decode/_native\..*\.so$", name)]
    missing = [what for what in INSIDE if not any(re.fullmatch("edgepose/" + what, name) for name in names)]
    if missing or len(cores) != 1:
        raise SystemExit(f"{wheel} lacks {', '.join(missing) or 'its native core'}")
    found = MACHINES.get(int.from_bytes(cores[0][18:20], "little"), "another processor")
    if found != machine or not wheel.stem.endswith(f"_{machine}"):
        raise SystemExit(f"{wheel} has a native core for {found}, wanted one for {machine}")
    glibc = max(int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", cores[0]))
    python = re.search(r"-cp3(\d+)-", wheel.name)
    return (
        f"{wheel}: {wheel.stat().st_size / 2**20:.0f} MiB, Python 3.{python[1] if python else '?'}, {machine}, "
        f"glibc 2.{glibc} or newer"
    )


if __name__ == "__main__":
    print(examine(Path(sys.argv[1]), sys.argv[2]))
