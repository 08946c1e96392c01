"""What of an address may be shown, and what other libraries say with addresses in it.

An address holds a password between `://` and `@`, and with many cameras in its path or query as well, in each maker's
own spelling. Whatever leaves EdgePose (names, topics, logs, messages) shows addresses through `shown`, and what other
libraries say through `redact`. Only what is known to be harmless is repeated, so that a form nobody thought of costs a
few asterisks and no password.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

HIDDEN = "***"

START = r"(?<![A-Za-z0-9+.\-])[A-Za-z0-9+.\-]+://"
HOST_PORT = re.compile(r"(?:\[[0-9A-Fa-f:.]+(?:%[\w.\-]+)?\]|[\w.\-]+(?:%[\w.\-]+)?)(?::\d{1,5})?")
WITHOUT_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?/{0,2}[^/\s]*:.*@", re.DOTALL)
CHANNEL = re.compile(r"(?i)channel(?:no|id)?|chn?|ch_?id|cam|camera")
"""Keys that say which camera of a recorder."""

_WHOLE = re.compile(rf"({START})(.*)", re.DOTALL)
_HOST_FIRST = rf"(?:\*\*\*@)?{HOST_PORT.pattern}(?:[/?#),;]|:?(?:\s|$))"
_NO_NEXT = rf"(?![\s'\"(,=]{START})"
_IN_TEXT = re.compile(
    rf"({START})((?!{_HOST_FIRST})(?:{_NO_NEXT}[^\n])*@[^\s'\"]*)|"  # no host: to the last @, a password may hold all
    rf"(?<=')({START})((?:[^'\\\n]|\\.)*)|"
    rf"(?<=\")({START})((?:[^\"\\\n]|\\.)*)|"
    rf"({START})((?:{_NO_NEXT}\S)*@[^\s'\"]*|[^\s'\"]*)"
)
_BARE_IN_TEXT = re.compile(r"(?<![^\s'\"(=])/{0,2}[^\s'\"/:@]*:(?!//)[^\s'\"]*@")
_SENTENCE_END = re.compile(r"[.,;:!?)]+$")
_LOCAL = ("file", "images", "v4l2", "csi", "synthetic")

_SECRET = re.compile(
    r"(?i)pass|pwd|psw|usr|user|uname|login|logon|account|token|secret|auth|key|cred|sess|jwt|ticket|signature"
)
_SECRET_ALONE = re.compile(r"(?i)pw|pas|p|u|un|uid|sid|sig|pin|code|hash|nonce|otp|acct")
_PERSON = re.compile(r"(?i)admin|root|guest|operator|viewer|supervisor|service")
_HARMLESS = re.compile(
    rf"{CHANNEL.pattern}|stream|streamtype|subtype|profile|track|unicast|proto|transport|resolution|width|height|fps|"
    "codec|media|type"
)
_ITEM = re.compile(r"(?:^|(?<=[/?&;,_|#]))([A-Za-z][\w.\-\[\]]*?)=")
_VALUE = re.compile(r"[\w.\-]{1,12}")
_CODEC = re.compile(r"(?i)h26[45]|mpeg4|mp4|mjpeg")
_WORD = re.compile(r"(?:[A-Z]?[a-z]{1,12}|[A-Z]{1,12}|[A-Z]?[a-z]{2,}(?:[A-Z][a-z]{2,}){1,3})?\d{0,4}")
_TOKEN = re.compile(r"(?=[^/?&=#]*\d)[A-Za-z0-9+_\-]{16,}|[A-Za-z0-9+_\-]{32,}")


def shown(address: str) -> str:
    """An address without what is secret in it, or may be: user, password, tokens. A broken one is only its scheme."""
    found = _WHOLE.match(address)
    if found is None:
        return WITHOUT_SCHEME.sub(f"{HIDDEN}@", address)
    return found[1] + _shown_body(found[1][:-3].lower(), found[2])


def redact(text: str) -> str:
    """Text of any kind, such as a sentence of a library, with every address in it as `shown`."""
    return _BARE_IN_TEXT.sub(f"{HIDDEN}@", _IN_TEXT.sub(_shown_in_text, text))


def _shown_in_text(found: re.Match[str]) -> str:
    start, body = (group for group in found.groups() if group is not None)
    end = _SENTENCE_END.search(body)
    body = body[: end.start()] if end else body
    return start + _shown_body(start[:-3].lower(), body) + (end[0] if end else "")


def authority(body: str) -> tuple[str, str]:
    """What stands before the first of / ? #, and the rest."""
    cut = re.search(r"[/?#]", body)
    return (body, "") if cut is None else (body[: cut.start()], body[cut.start() :])


def _shown_body(scheme: str, body: str) -> str:
    if scheme in _LOCAL and body[:1] in ("", "/", "?"):
        return body
    front, tail = authority(body)
    if "@" in tail and HOST_PORT.fullmatch(front.rpartition("@")[2]):
        return HIDDEN  # the host may stand before that @ or behind it, and a password on the other side
    _, at, rest = body.rpartition("@")
    host_port, tail = authority(rest)
    if host_port and not HOST_PORT.fullmatch(host_port):
        return HIDDEN
    return (HIDDEN + "@" if at else "") + host_port + _shown_tail(tail)


def _shown_tail(tail: str) -> str:
    """Path and query. Where they hold something secret only harmless keys keep their values."""
    plain = decoded(tail)
    if re.search(r"\s", plain):
        return "/" + HIDDEN
    if any(_is_secret(key) for key, _ in items(plain)):
        return _masked_items(plain)
    path, mark, query = tail.partition("?")
    segments, hide_next = [], False
    for segment in path.split("/"):
        word = decoded(segment)
        hide = hide_next or bool(re.search(r"[^:]:[^:]", word))
        hide_next = _is_secret(word)
        segments.append(HIDDEN if hide and segment else _without_token(segment))
    return "/".join(segments) + mark + _without_token(query)


def _without_token(text: str) -> str:
    return text if is_plain(text) else _TOKEN.sub(HIDDEN, text)


def _masked_items(plain: str) -> str:
    pairs = items(plain)
    first = next(_ITEM.finditer(plain)).start()
    lead = plain[:first]
    kept = lead if all(is_plain(segment) for segment in re.split("[/?]", lead)) else "/" + HIDDEN
    words = [f"{key}={value}" if _is_harmless(key, value) else _masked(key) for key, value in pairs]
    return kept + "&".join(words)


def _masked(key: str) -> str:
    return f"{key}={HIDDEN}" if _HARMLESS.fullmatch(key) or _is_secret(key) else HIDDEN


def _is_harmless(key: str, value: str) -> bool:
    return bool(_HARMLESS.fullmatch(key) and _VALUE.fullmatch(value)) and not _SECRET.search(value)


def _is_secret(key: str) -> bool:
    return bool(_SECRET.search(key)) or any(map(_SECRET_ALONE.fullmatch, re.split(r"[_.\-\[\]]", key)))


def items(plain: str) -> list[tuple[str, str]]:
    """Keys and values, wherever they stand and whatever stands between them: & ; / _ and so on."""
    keys = list(_ITEM.finditer(plain))
    ends = [*(key.start() - 1 for key in keys[1:]), len(plain)][: len(keys)]
    return [(key[1], plain[key.end() : end]) for key, end in zip(keys, ends, strict=True)]


def decoded(text: str) -> str:
    """Without percent escapes, also those of escapes."""
    for _ in range(4):
        before, text = text, unquote(text)
        if text == before:
            break
    return text


def is_plain(segment: str) -> bool:
    """Whether a part of a path is made of words and small numbers, such as stream1, rather than of something secret."""
    words = re.split(r"[._\-]", _CODEC.sub("", segment))
    ours = all(_WORD.fullmatch(word) for word in words)
    return ours and not _SECRET.search(segment) and not any(map(_PERSON.fullmatch, words))
