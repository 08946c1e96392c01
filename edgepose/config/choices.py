"""The words that a key may have, for the message about another word."""

from __future__ import annotations

import re
from difflib import get_close_matches

import msgspec
from msgspec.inspect import ListType, LiteralType, Metadata, StructType, Type, UnionType, VarTupleType

_WRONG_WORD = re.compile(r"Invalid enum value '(?P<word>.*)'$", re.DOTALL)


def among(cls: type[msgspec.Struct], path: str, what: str) -> str | None:
    """msgspec's words about a value that is none of a key's, with those there are; None for other words.

    path: dotted place of the key in `cls`, list indices ignored, such as `sources[0].transport`. what: msgspec's words.
    """
    wrong = _WRONG_WORD.match(what)
    words = _words_at(msgspec.inspect.type_info(cls), re.sub(r"\[[^]]*\]", "", path).split("."))
    if wrong is None or not words:
        return None
    close = get_close_matches(wrong["word"], words, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"'{wrong['word']}' is none of its words; {hint}there are {', '.join(words)}"


def _words_at(info: Type, names: list[str]) -> list[str]:
    if isinstance(info, Metadata):
        return _words_at(info.type, names)
    if isinstance(info, UnionType):
        return [word for kind in info.types for word in _words_at(kind, names)]
    if isinstance(info, (VarTupleType, ListType)):
        return _words_at(info.item_type, names)
    if isinstance(info, StructType) and names:
        return [w for field in info.fields if field.encode_name == names[0] for w in _words_at(field.type, names[1:])]
    if isinstance(info, LiteralType) and not names:
        return [str(value) for value in info.values]
    return []
