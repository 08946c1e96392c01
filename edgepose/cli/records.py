"""What the verbs about alerts and incidents share: where to find them, and how a table and a list are written."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from edgepose.cli.output import add_json_flag

if TYPE_CHECKING:
    from edgepose.device.records import Records


def add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--spool", metavar="FILE", help="read this file instead of asking the service that runs")
    parser.add_argument("--config", metavar="FILE", help="configuration that names the spool")
    add_json_flag(parser)


def records_of(args: argparse.Namespace) -> Records:
    """Those that the arguments name."""
    from edgepose.config import Config, load_config
    from edgepose.device.records import open_records

    config = load_config(args.config) if args.config else Config()
    return open_records(args.spool, config.alerts, config.mqtt)


def skeleton_lines(records: Records, incident_id: str) -> bytes:
    """The skeletons around an incident, as lines that `edgepose replay` reads; DataError where there are none."""
    import gzip

    from edgepose.errors import DataError

    packed = records.skeletons(incident_id)
    if packed is None:
        raise DataError(f"no skeletons were kept of incident {incident_id} (alerts.skeletons, alerts.spool)")
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"the skeletons of incident {incident_id} are damaged ({error})") from None


def me() -> str:
    """Whoever sits at the keyboard, as the incident will name them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "somebody"


def print_table(rows: Sequence[Sequence[object]]) -> None:
    """Aligned columns; letters that would move a terminal's cursor are left out."""
    cells = [["".join(one if one.isprintable() else "?" for one in str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def write_lines(items: Iterable[Any], place: str | None) -> int:
    """One JSON document a line to a file, for its owner only, or to stdout; how many."""
    from edgepose.files import replacing

    n = 0
    if place is None:
        for item in items:
            sys.stdout.buffer.write(msgspec.json.encode(item) + b"\n")
            n += 1
        sys.stdout.flush()
        return n
    with replacing(Path(place)) as file:
        for item in items:
            file.write(msgspec.json.encode(item) + b"\n")
            n += 1
    return n
