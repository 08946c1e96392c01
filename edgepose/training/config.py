"""A run's TOML file into TrainOptions; what is wrong with it is said in one sentence."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from pathlib import Path

import msgspec

from edgepose.config.load import all_keys
from edgepose.config.text import toml_value
from edgepose.errors import ConfigError
from edgepose.training.loop import TrainOptions
from edgepose.training.network import NetworkOptions

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def load_config(path: Path) -> TrainOptions:
    """Read a configuration; paths in it are relative to the working folder. ConfigError names file and key."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), TrainOptions)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {str(path)!r} ({error}); copy one of edgepose/training/recipes") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{str(path)!r} is not valid TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{str(path)!r}: {_explain(str(error))}") from None


def network_lines(options: NetworkOptions) -> list[str]:
    """The lines of a recipe's [network] that build this network: every key that is not at its default."""
    values = {field.name: (getattr(options, field.name), field.default) for field in msgspec.structs.fields(options)}
    return [f"{name} = {toml_value(value)}" for name, (value, default) in values.items() if value != default]


def _explain(message: str) -> str:
    """msgspec's words, with the nearest known key where one is unknown."""
    unknown = re.search(r"unknown field `(.*?)`", message)
    if unknown is None:
        return message
    known = {key.rpartition(".")[2]: key for key in all_keys(TrainOptions)}
    nearest = get_close_matches(unknown[1], known, n=1, cutoff=0.5)
    return f"unknown key {unknown[1]!r}" + (f"; did you mean {known[nearest[0]]!r}?" if nearest else "")
