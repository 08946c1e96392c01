"""Which page of the reference lists which sections of the configuration; run it to write their tables anew.

    python tests/config/reference_pages.py

What stands above the first table of a page is written by hand and stays.
"""

from __future__ import annotations

from pathlib import Path

from edgepose.config import Config
from edgepose.config.text import tables

FOLDER = Path(__file__).resolve().parents[2] / "docs/reference"
PAGES = {
    "configuration.md": ("", "model", "sources", "pipeline", "decode"),
    "configuration-rules.md": ("tracking", "zones", "fall", "posture", "gesture", "activity"),
    "configuration-publishing.md": ("alerts", "mqtt", "webhook", "jsonl", "video", "metrics", "show"),
}


def wanted(page: str) -> str:
    """The tables of a page as the options say them."""
    return tables(Config, PAGES[page])


def main() -> None:
    for page in PAGES:
        path, begin = FOLDER / page, wanted(page).splitlines()[0]
        words = path.read_text(encoding="utf-8").split(f"\n{begin}\n")[0]
        path.write_text(f"{words.rstrip()}\n\n{wanted(page)}", encoding="utf-8")


if __name__ == "__main__":
    main()
