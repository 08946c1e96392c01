"""The fault table: every fault that an alert has to survive, made with real processes on the loopback, and counted.

    python research/faults                                # all rows as docs/reference/faults.md gives them
    python research/faults --only broker-killed-mid-burst --cycles 5
    python research/faults --list

One JSON document per row on stdout, the table at the end on stderr. Exit code 1 where a row lost an alert.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from research.faults.outcome import Counts, Outcome
from research.faults.rows import ROWS, Row, UnableError, outcome
from research.faults.table import all_rows, table


def run(one: Row, cycles: int) -> Outcome:
    """One row in a folder of its own; a row that breaks off has not passed."""
    place = "/usr/sbin:/usr/local/sbin:" + (":".join(sys.path[:0]) or "/usr/bin")
    if one.needs and not (shutil.which(one.needs) or shutil.which(one.needs, path=place)):
        return Outcome(one.name, 0, Counts(), True, skipped=f"{one.needs} is not installed")
    began = time.monotonic()
    with TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        try:
            return outcome(one, one.run(Path(folder), cycles), cycles, time.monotonic() - began)
        except UnableError as error:
            return Outcome(one.name, 0, Counts(), True, skipped=str(error))
        except Exception as error:
            traceback.print_exc()
            seconds = round(time.monotonic() - began, 1)
            return Outcome(one.name, cycles, Counts(), False, seconds, {"broke_off": repr(error)})


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", action="append", metavar="ROW", help="this row; may be repeated")
    parser.add_argument("--cycles", type=int, help="how often each fault is made; else as many as the table says")
    parser.add_argument("--list", action="store_true", help="the rows and their cycles")
    args = parser.parse_args(words)
    all_rows()
    unknown = set(args.only or ()) - ROWS.keys()
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; see --list")
    chosen = [ROWS[name] for name in args.only or ROWS]
    if args.list:
        for one in chosen:
            print(f"{one.name} ({one.cycles}): {one.what}")
        return 0
    done: list[Outcome] = []
    with contextlib.suppress(KeyboardInterrupt):
        for one in chosen:
            done.append(run(one, args.cycles or one.cycles))
            print(msgspec.json.encode(done[-1]).decode(), flush=True)
    print(table(done), file=sys.stderr)
    return 0 if all(one.passed for one in done) else 1


if __name__ == "__main__":
    sys.exit(main())
