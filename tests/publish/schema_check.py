"""Holds what a broker carries against the AsyncAPI document: every topic is in it, every payload of its form."""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from edgepose.publish.asyncapi import CHANNELS, Channel, document


def channel_of(topic: str) -> Channel | None:
    """The channel that a topic belongs to; None where the document has none."""
    return next((one for one in CHANNELS if re.fullmatch(_pattern(one.path), topic)), None)


def wrong(topic: str, payload: bytes) -> str | None:
    """Why a message of a device does not fit the document; None where it does. An empty one clears its topic."""
    channel = channel_of(topic)
    if channel is None:
        return f"{topic} is no channel of the document"
    if not payload:
        return None if channel.retained else f"{topic}: empty"
    value = payload.decode() if channel.words else msgspec.json.decode(payload)
    found = next(_validator(channel.message).iter_errors(value), None)
    return None if found is None else f"{topic}: {found.json_path} {found.message}"


def _pattern(path: str) -> str:
    return r"edgepose/v1/[\w-]+/" + re.sub(r"{\w+}", r"[\\w-]+", path)


@cache
def _validator(message: str) -> Draft202012Validator:
    whole = copy.deepcopy(document())
    _close(whole["components"]["schemas"])
    return Draft202012Validator(
        {**whole["components"]["messages"][message]["payload"], "components": whole["components"]}
    )


def _close(node: Any) -> None:
    """No field that the document does not name: subscribers must allow more, a test must not."""
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _close(one)
    if isinstance(node, dict) and isinstance(node.get("properties"), dict):
        node.setdefault("additionalProperties", False)
