"""A run's TOML file into TrainOptions; what is wrong with it is said in one sentence."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from edgepose.config.choices import among
from edgepose.config.load import all_keys
from edgepose.config.text import toml_value
from edgepose.errors import ConfigError
from edgepose.keypoint_set import KeypointSet
from edgepose.skeleton import SKELETONS
from edgepose.training.network.pose_network import NetworkOptions
from edgepose.training.run.options import TrainOptions
from edgepose.training.weights import checkpoint
from edgepose.training.weights.start import start_path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def load_config(path: Path, settings: Sequence[str] = ()) -> TrainOptions:
    """Read a configuration; paths in it are relative to the working folder. ConfigError names file and key.

    settings: what differs from the file, each `table.key=value` with a value as TOML writes it; `data.sets.0.weight=1`
    is the first set's.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        for setting in settings:
            _put(content, setting)
        content |= _network(content)
        options = msgspec.convert(content, TrainOptions)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {str(path)!r} ({error}); copy one of edgepose/training/recipes") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{str(path)!r} is not valid TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{str(path)!r}: {explained(TrainOptions, str(error))}") from None
    if options.network.keypoints is None:
        _check_skeleton(options.network.skeleton, path)
    return options


def _check_skeleton(name: str, path: Path) -> None:
    """ConfigError for a keypoint set that there is none of, or that has no limbs to learn."""
    usable = [known for known, skeleton in SKELETONS.items() if skeleton.limbs]
    if name not in usable:
        raise ConfigError(
            f"{str(path)!r}: network.skeleton is {name!r}; a network can be trained for {' or '.join(usable)}, or for "
            "a set of your own: network.keypoints = 'mine.toml'"
        )


def _network(content: dict[str, Any]) -> dict[str, Any]:
    """[network] with its keypoint set read; where it says no more than that, as the checkpoint it starts from has it.

    Nothing where neither is there.
    """
    given = content.get("network", {})
    if not isinstance(given, dict):
        return {}
    if isinstance(given.get("keypoints"), str):
        given = {**given, "keypoints": _keypoint_set(Path(given["keypoints"]))}
    if set(given) <= {"keypoints"}:
        given = {**_network_of_start(content), **given}
    return {"network": given} if given else {}


def _keypoint_set(path: Path) -> dict[str, Any]:
    """The table of a keypoint set's file; ConfigError names the file where it is none."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        made = msgspec.convert(content, KeypointSet)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the keypoint set {str(path)!r} ({error}); give its TOML file") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the keypoint set {str(path)!r} is not valid TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{str(path)!r}: {explained(KeypointSet, str(error))}") from None
    return msgspec.to_builtins(made)  # type: ignore[no-any-return]


def _network_of_start(content: dict[str, Any]) -> dict[str, Any]:
    """[network] as the checkpoint has it that a run starts from; nothing where it starts from none."""
    loop = content.get("loop")
    start = loop.get("start") if isinstance(loop, dict) else None
    if not isinstance(start, str) or not start:
        return {}
    path = start_path(start)
    options: dict[str, Any] = checkpoint.load(path)["network"]["options"] if path.suffix == ".pt" else {}
    return options


def network_lines(options: NetworkOptions) -> list[str]:
    """The lines of a recipe's [network] that build this network: every key that is not at its default."""
    values = {field.name: (getattr(options, field.name), field.default) for field in msgspec.structs.fields(options)}
    return [f"{name} = {toml_value(_plain(value))}" for name, (value, default) in values.items() if value != default]


def _plain(value: Any) -> Any:
    """The table of a struct, keys without a value left out, which TOML has no word for."""
    if not isinstance(value, msgspec.Struct):
        return value
    return {name: one for name, one in msgspec.to_builtins(value).items() if one is not None}


def _put(content: dict[str, Any], setting: str) -> None:
    """Put one `table.key=value` into a configuration."""
    try:
        new: Any = tomllib.loads(setting)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"--set {setting!r} is no table.key=value as TOML writes it: {error}") from None
    _merge(content, new, setting)


def _merge(content: Any, new: dict[str, Any], setting: str) -> None:
    """Put `new` into tables and lists of tables, whose entries go by their number."""
    for key, value in new.items():
        where: Any = key
        if isinstance(content, list):
            where = int(key) if key.isdigit() and int(key) < len(content) else None
        if where is None or not isinstance(content, (dict, list)):
            raise ConfigError(f"--set {setting!r} names no place in the configuration; {key!r} is not there")
        if isinstance(value, dict):
            inner = content.setdefault(where, {}) if isinstance(content, dict) else content[where]
            _merge(inner, value, setting)
        else:
            content[where] = value


def explained(cls: type[msgspec.Struct], message: str) -> str:
    """msgspec's words about a value of `cls`, with the nearest known key where one is unknown."""
    unknown = re.search(r"unknown field `(.*?)`", message)
    if unknown is None:
        what, _, place = message.partition(" - at `$.")
        path = place.rstrip("`")
        words = among(cls, path, what)
        return f"{path}: {words}" if words else message
    known = {key.rpartition(".")[2]: key for key in all_keys(cls)}
    nearest = get_close_matches(unknown[1], known, n=1, cutoff=0.5)
    return f"unknown key {unknown[1]!r}" + (f"; did you mean {known[nearest[0]]!r}?" if nearest else "")
