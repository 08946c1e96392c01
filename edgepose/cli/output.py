"""What verbs print: one JSON document with `--json`, else aligned lines; never both on stdout."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any


def add_json_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout and nothing else there")


def print_report(report: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a report of plain values (numbers, strings, lists, mappings, numpy scalars are converted)."""
    import msgspec

    from edgepose.files import encodable

    report = encodable(report)
    if as_json:
        text = msgspec.json.format(msgspec.json.encode(report, enc_hook=_plain), indent=2)
        sys.stdout.buffer.write(text + b"\n")
        sys.stdout.flush()
        return
    width = max((len(key) for key in report), default=0)
    for key, value in report.items():
        print(f"{key:<{width}}  {_words(value)}")


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def _words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return "  ".join(f"{key} {_words(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_words(item) for item in value)
    return str(value)
