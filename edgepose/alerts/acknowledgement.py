"""What a person answers to an alert, and what becomes of the incident: one table, for docs and tests."""

from __future__ import annotations

from typing import Literal

import msgspec

Action = Literal["seen", "helped", "false_alarm"]

MAX_BYTES = 4096
"""An acknowledgement is about 100 bytes; what is larger is none."""


class Acknowledgement(msgspec.Struct, frozen=True):
    """`ack`: somebody answers an alert. alert_id: the incident's id; by: who, in their own words."""

    alert_id: str
    action: Action
    by: str = ""


CLOSES: dict[Action, bool] = {"seen": False, "helped": True, "false_alarm": True}
"""Whether an answer ends the incident; `seen` only ends that it is announced again."""


def allowed(answers: str) -> tuple[Action, ...]:
    """The answers that a value of `alerts.answers` lets in from outside."""
    return {"none": (), "seen": ("seen",)}.get(answers, tuple(CLOSES))  # type: ignore[return-value]


_DECODER = msgspec.json.Decoder(Acknowledgement)
_MAX_NAME = 100


def read_acknowledgement(payload: bytes) -> Acknowledgement | None:
    """The answer in a message from outside; None where it is none of ours."""
    if len(payload) > MAX_BYTES:
        return None
    try:
        answer = _DECODER.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    by = "".join(letter for letter in answer.by[:_MAX_NAME] if letter.isprintable())
    return Acknowledgement(answer.alert_id[:_MAX_NAME], answer.action, by or "somebody")
