"""Clips that are judged wrongly, by kind, and pictures of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from verdicts import Verdicts, configured

from edgepose.names import slug
from edgepose.pictures import write_image
from edgepose.replay.falls import Outcome
from edgepose.replay.timeline import draw_timeline

Kind = tuple[str, str, str, str]
"""Source, how it is wrong, what happens in the clip, what the rule gave as the cause."""


def wrong_by_kind(found: Mapping[str, list[Outcome]]) -> dict[Kind, list[str]]:
    """Clips that are wrong: by source, how they are wrong, what happens in them and what the rule gave as the cause."""
    kinds: dict[Kind, list[str]] = {}
    for name, outcomes in found.items():
        for one in outcomes:
            if one.right:
                continue
            how = "missed" if one.clip.is_fall else "confirmed falsely" if one.confirmed else "false alarm"
            causes = [
                str(event.event.evidence.get("cause", event.event.stage))
                for event in one.told
                if event.event.kind == "fall"
            ]
            kinds.setdefault((name, how, one.clip.activity, causes[0] if causes else ""), []).append(one.clip.clip_id)
    return kinds


def draw_wrong(kinds: Any, verdicts: Mapping[str, Verdicts], settings: Any, fixed: Any, folder: Path) -> None:
    for (name, how, activity, _), clips in kinds.items():
        judge = verdicts[name]
        setting = {**fixed, **settings[name]}
        for clip_id in clips[:2]:
            i = next(i for i, case in enumerate(judge.cases) if case.clip.clip_id == clip_id)
            outcome = next(one for one in judge(setting) if one.clip.clip_id == clip_id)
            recording = judge.tracked()[i]
            title = f"{name}, {how}: {clip_id} ({activity})"
            picture = draw_timeline(recording, outcome.told, title, configured({}).tracking, outcome.clip.impact_s)
            write_image(folder / f"{slug(f'{name} {how} {clip_id}')}.png", picture)
