"""`edgepose status`: how the running service is, for people and for monitoring."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from edgepose.cli.output import add_json_flag, print_report

HELP = "how the running service is, with the exit codes of monitoring: 0 well, 1 warning, 2 critical, 3 unknown"
EXAMPLE = """examples:
  sudo edgepose status
  sudo edgepose status --json

ends with 0 when every camera is watched and nothing is wrong, 1 when something wants attention, 2 when a camera or the
whole device is not watched, 3 when the service cannot be asked"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    import msgspec

    from edgepose.device.standing import CODES, standing

    found = standing()
    if args.json:
        print_report(msgspec.to_builtins(found), as_json=True)
        return CODES[found.level]
    print(f"EDGEPOSE {found.level.upper()}: {'; '.join(found.reasons) or 'every camera is watched'}")
    for name, camera in (found.service.get("watch") or {}).items():
        print(f"{name}: {camera['state']}, today watched {_hours(camera['watched_s'])}{_rest(camera['unwatched_s'])}")
    return CODES[found.level]


def _rest(unwatched_s: Mapping[str, Any]) -> str:
    return "".join(f", {reason} {_hours(seconds)}" for reason, seconds in unwatched_s.items())


def _hours(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes else f"{rest} s"
