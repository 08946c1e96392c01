"""A spool's file read by somebody else than its owner: nothing is changed, and a service that runs is not disturbed."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from edgepose.alerts.database import VERSION
from edgepose.alerts.queries import Queries
from edgepose.errors import FileError
from edgepose.files import reason


@contextlib.contextmanager
def reading(path: Path) -> Iterator[Queries]:
    """Questions to the spool at `path`, whatever fails in the block is a FileError in one sentence."""
    try:
        with path.open("rb") as file:
            begin = file.read(16)
    except FileNotFoundError:
        raise FileError(f"there is no alert spool '{path}': the service makes it; name another with --spool") from None
    except OSError as error:
        hint = "use sudo" if isinstance(error, PermissionError) else "name another with --spool"
        raise FileError(f"cannot read the alert spool '{path}' ({reason(error)}); {hint}") from None
    if begin and not begin.startswith(b"SQLite format 3"):
        raise FileError(f"'{path}' is no alert spool of EdgePose; name another with --spool")
    try:
        with contextlib.closing(_connected(path)) as db:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version > VERSION:
                raise FileError(
                    f"the alert spool '{path}' was written by a newer EdgePose (format {version}, not {VERSION}); "
                    "update EdgePose"
                )
            if version < VERSION:
                raise FileError(
                    f"the alert spool '{path}' is of an older EdgePose (format {version}, not {VERSION}); "
                    "start the service once, which brings it up to date"
                )
            yield Queries(db)
    except sqlite3.Error as error:
        raise FileError(
            f"the alert spool '{path}' cannot be read ({error}); a damaged one is mended when the service starts"
        ) from None


def _connected(path: Path) -> sqlite3.Connection:
    """Read-only. Without a log beside it the file is all there is, also where its folder may not be written to."""
    log = path.with_name(f"{path.name}-wal")
    options = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, timeout=1.0)
