"""Chooses the calibration pictures of the shipped network from a manifest and writes which they were.

    python calibration/choose.py MANIFEST FOLDER_OF_FILES LINKS_TO_MAKE

MANIFEST: a list of {"file", "source", "licence"}. Taken are the pictures whose licence lets anybody use and pass them
on (MIT, Debian main, CC BY, CC BY-SA, no known restrictions): ranges are measured on them, and whoever wants to repeat
that can. LINKS_TO_MAKE becomes a folder of links for `edgepose calibrate --images`; pictures.json beside this script
names every file with its SHA-256. The pictures themselves stay where they are.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

FREE = ("MIT", "Debian main", "CC BY 2.0", "CC BY-SA", "no known restrictions")
NOT_FREE = ("photos own terms",)


def main(manifest: Path, files: Path, links: Path) -> None:
    links.mkdir(parents=True, exist_ok=True)
    chosen = []
    for entry in json.loads(manifest.read_text()):
        licence = entry["licence"]
        path = files / entry["file"]
        if not licence.startswith(FREE) or licence.endswith(NOT_FREE) or not path.is_file():
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        chosen.append({"file": path.name, "sha256": digest, "source": entry["source"], "licence": licence})
        link = links / path.name
        link.unlink(missing_ok=True)
        link.symlink_to(path.resolve())
    chosen.sort(key=lambda entry: entry["file"])
    target = Path(__file__).parent / "pictures.json"
    target.write_text(json.dumps(chosen, indent=1) + "\n")
    print(f"{len(chosen)} pictures, listed in {target}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
