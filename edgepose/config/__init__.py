"""Configuration: one TOML file read into one tree of the options that lie beside the code they steer.

`tree` joins the options, `load` reads a file into them and words what is wrong with it, `text` writes them back as
commented TOML and as a table for the documentation. Importing this package loads no heavy library.
"""

from __future__ import annotations

from edgepose.config.load import load_config, parse_config
from edgepose.config.tree import Config, ModelOptions, PipelineOptions, SourceEntry, ZoneEntry

__all__ = ["Config", "ModelOptions", "PipelineOptions", "SourceEntry", "ZoneEntry", "load_config", "parse_config"]
