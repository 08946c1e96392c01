"""The one base class of every options struct: frozen, unknown fields forbidden, every value within its bounds.

Options live beside the code they steer; `config/tree.py` joins them to one tree. Each field carries its unit in its
name and its bounds and a sentence in an `Annotated[..., Meta(ge=..., description=...)]`, so that `config show|schema`
can print them. The bounds hold however options come to be: read from TOML, made from flags, or made by hand.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from numbers import Real
from typing import Any, TypeVar

import msgspec

from edgepose.errors import ConfigError
from edgepose.shown import shown

LIMIT = 5e9
"""No setting is larger: it holds any seed of 32 bits, and a wait of more seconds is an error of the system."""


class _Worded(msgspec.StructMeta):
    """Answers a wrong or missing keyword with the right ones, where msgspec would raise a TypeError without them."""

    def __call__(cls, *args: Any, **values: Any) -> Any:  # noqa: N805 (a metaclass)
        try:
            return super().__call__(*args, **values)
        except TypeError as error:
            raise ConfigError(_of_keywords(cls, args, values) or str(error)) from None


def _of_keywords(cls: Any, args: tuple[Any, ...], values: dict[str, Any]) -> str:
    known: tuple[str, ...] = cls.__struct_fields__
    unknown = next((name for name in values if name not in known), None)
    if args:
        return f"{cls.__name__} takes its values by name, as {known[0]}=..., got {shown(args[0])}"
    if unknown is None:
        missing = [name for name in known[: len(known) - len(cls.__struct_defaults__)] if name not in values]
        return f"{cls.__name__} needs {', '.join(missing)}" if missing else ""
    close = get_close_matches(unknown, known, 1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
    return f"{cls.__name__} has no {unknown!r}; {hint}"


class Options(msgspec.Struct, metaclass=_Worded, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all options. Compare, hash and replace fields with `msgspec.structs.replace`.

    Raises ConfigError for an unknown or missing keyword, and for a value of another type, beyond its bounds, or not
    finite where a field is documented.
    """

    def __post_init__(self) -> None:
        names, defaults = self.__struct_fields__, self.__struct_defaults__
        if len(names) == len(defaults) and all(getattr(self, name) is one for name, one in zip(names, defaults)):  # noqa: B905
            return  # importing makes many of those
        _check(self)

    def __repr__(self) -> str:
        """Without what is secret in addresses, since a repr ends up in logs."""
        from edgepose.redaction import redact  # many patterns, which importing EdgePose does not wait for

        return redact(super().__repr__())


def _check(options: Options) -> None:
    shadow, documented = _shadow(type(options))
    for name in documented:
        found = absurd(getattr(options, name))
        if found is not None:
            raise ConfigError(f"{name}: {found} ({type(options).__name__})")
    try:
        msgspec.convert(options, shadow, from_attributes=True)
    except msgspec.ValidationError:
        values = {name: _plain(getattr(options, name)) for name in options.__struct_fields__}
        try:
            msgspec.convert(values, shadow, from_attributes=True)
        except msgspec.ValidationError as error:
            raise ConfigError(_worded(options, str(error))) from None
        for name, value in values.items():
            msgspec.structs.force_setattr(options, name, value)


def absurd(value: Any) -> str | None:
    """What is wrong with a number, or with one in a list, that no setting can have: not finite, or beyond LIMIT."""
    if isinstance(value, Real):
        fits = abs(value) <= LIMIT  # type: ignore[operator]  # False for nan
        return None if fits else f"expected a number from -5e9 to 5e9, got {_short(value)}"
    if isinstance(value, (list, tuple)):
        return next((words for words in map(absurd, value) if words), None)
    return None


def _short(number: Any) -> str:
    return f"{number:g}" if not isinstance(number, int) else f"one of {number.bit_length()} bits"


@cache
def _shadow(cls: type[Options]) -> tuple[type[msgspec.Struct], tuple[str, ...]]:
    """A struct with the same fields that checks nothing of its own, and the names of the fields that are documented."""
    fields = msgspec.structs.fields(cls)
    documented = tuple(one.name for one in fields if isinstance(msgspec.inspect.type_info(one.type), _Metadata))
    return msgspec.defstruct(cls.__name__, [(one.name, one.type) for one in fields]), documented


_Metadata = msgspec.inspect.Metadata


def _plain(value: Any) -> Any:
    """Numbers of numpy, alone or in lists, as the numbers they are."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_plain, value))
    return value.tolist() if hasattr(value, "tolist") else value


def _worded(options: Options, message: str) -> str:
    """`Expected int >= 1 - at $.max_pictures` as a sentence; the value is named if it is a number, never a secret."""
    what, _, path = message.partition(" - at `$")
    path = path.rstrip("`").removeprefix(".")
    value = getattr(options, path, None)
    found = f", got {value}" if isinstance(value, (int, float)) and "got" not in what else ""
    return f"{path}: {what[:1].lower()}{what[1:]}{found} ({type(options).__name__})"


_Given = TypeVar("_Given", bound=Options)


def given(options: Any, kind: type[_Given]) -> _Given:
    """The options handed in, or the defaults for None; ConfigError for anything else, with what to write."""
    if options is None:
        return kind()
    if isinstance(options, kind):
        return options
    hint = f"write {kind.__name__}(**options)" if isinstance(options, dict) else f"write {kind.__name__}(...)"
    if isinstance(options, tuple):
        hint = "name other arguments, as size_wh=..."
    raise ConfigError(f"options are {kind.__name__}, got {shown(options)}; {hint}")
