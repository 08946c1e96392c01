"""What the rules say of cases under a setting, kept on disk until the rules, the setting or the people change.

Tracking and rules are judged by themselves, without the network: nobody answers a second look.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace as replace_options
from sources import Case, half_of

import edgepose
from edgepose.cli.progress import track
from edgepose.config import Config
from edgepose.files import replacing
from edgepose.replay import Recording, replay
from edgepose.replay.falls import Outcome, judge
from edgepose.replay.rules import tracked

PACKAGE = Path(edgepose.__file__).parent
TRACKING = ("tracking", "types", "skeleton.py")
RULES = ("events", "replay/rules.py", "replay/falls.py", "pipeline/rules.py", "pipeline/scene.py")


class Verdicts:
    """Outcomes of one source: all of its cases, or one half. The files kept are this program's own pickles."""

    def __init__(self, source: str, cases: Sequence[Case], cache: Path, half: int | None = None) -> None:
        self.source, self.cases, self._cache, self._half = source, cases, cache, half
        everything = "\n".join(f"{one.clip} {one.key}" for one in cases)
        self._people_key = digest(everything, code(TRACKING))
        self._tracked: list[Recording] | None = None

    def __call__(self, setting: Mapping[str, Any]) -> list[Outcome]:
        """One outcome per case with these values in [fall]."""
        key = digest(self._people_key, code(RULES), repr(sorted(setting.items())), str(self._half))
        return kept(self._cache / "verdicts" / f"{key}.pickle", lambda: self._judge(setting))

    def tracked(self) -> list[Recording]:
        """The cases' people with ids, once for all settings."""
        if self._tracked is None:
            place = self._cache / "tracked" / f"{self._people_key}.pickle"
            self._tracked = kept(
                place, lambda: [tracked(one.read(), Config().tracking) for one in track(self.cases, "clips tracked")]
            )
        return self._tracked

    def _judge(self, setting: Mapping[str, Any]) -> list[Outcome]:
        meant = [(case, i) for i, case in enumerate(self.cases) if self._half in (None, half_of(case))]
        before = self({k: v for k, v in setting.items() if k != "confirm_s"}) if "confirm_s" in setting else ()
        config, outcomes = configured(setting), []
        for k, (case, i) in enumerate(track(meant, f"clips, {self.source}, {dict(setting)}")):
            if before and not any(one.event.stage == "suspected" for one in before[k].told):
                outcomes.append(before[k])  # nothing is there to be confirmed, sooner or later
                continue
            recording = self.tracked()[i]
            outcomes.append(judge(case.clip, replay(recording, config, ("fall",)), recording.last_s))
        return outcomes


def configured(setting: Mapping[str, Any]) -> Config:
    config = Config()
    return replace_options(config, fall=replace_options(config.fall, **setting))


def kept(place: Path, make: Any) -> Any:
    """What was made before, or is made now and kept."""
    try:
        return pickle.loads(place.read_bytes())
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError):
        made = make()
        with replacing(place, durable=False) as file:
            pickle.dump(made, file)
        return made


def code(places: Sequence[str]) -> str:
    """Changes whenever one of these files or folders of the package does."""
    files = [file for place in places for file in sorted([PACKAGE / place, *(PACKAGE / place).rglob("*.py")])]
    return digest(*(file.read_text() for file in files if file.is_file()))


def digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:24]
