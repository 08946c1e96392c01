"""A run's TOML file into TrainOptions; what is wrong with it is said in one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from edgepose.errors import ConfigError
from edgepose.training.loop import TrainOptions

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def load_config(path: Path) -> TrainOptions:
    """Read a configuration; paths in it are relative to the working folder. ConfigError names file and key."""
    try:
        content = tomllib.loads(path.read_text())
        return msgspec.convert(content, TrainOptions)
    except OSError as error:
        raise ConfigError(f"no configuration {str(path)!r}; copy one of edgepose/training/recipes") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{str(path)!r}: {error}; see docs/guides/train-from-coco.md for the keys") from error
