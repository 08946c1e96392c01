"""Opens what a configuration names: network, sources, rules and publishers, or takes them as they are handed in.

What is handed in belongs to the pipeline from then on, which closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from edgepose.backends import Backend
from edgepose.config import Config, SourceEntry, load_config
from edgepose.errors import ConfigError
from edgepose.events import Rule
from edgepose.look.network import Network
from edgepose.pipeline.scene import RuleMaker
from edgepose.publish import Publisher
from edgepose.skeleton import BODYPOSENET_18
from edgepose.sources import Source

ModelLike = str | Path | Backend
"""Path of a model file, or a backend that is already open."""

RuleLike = str | Callable[[tuple[int, int]], Rule] | Rule
"""Name of a rule, a function that makes one for a picture size (width, height), or one rule for the only camera."""

SourceLike = str | Path | Source
"""Address or path, or a source that is already open."""


def configuration(config: Config | str | Path | None) -> Config:
    """The given configuration, the one in a TOML file, or the defaults."""
    if config is None:
        return Config()
    return config if isinstance(config, Config) else load_config(config)


def open_network(config: Config, model: ModelLike | None) -> Network:
    """The model with its backend; raises ModelError or BackendError."""
    if model is None or isinstance(model, (str, Path)):
        from edgepose.backends import open_backend
        from edgepose.model import model_path

        path = model_path(model or config.model.path)
        return Network(open_backend(path, config.model.backend), config.model.height, config.decode, path)
    return Network(model, config.model.height, config.decode)


def rule_makers(config: Config, rules: Iterable[RuleLike] | None) -> list[RuleMaker]:
    """One maker per rule, in order; ConfigError for a name that no rule has."""
    return [_rule_maker(config, rule) for rule in (config.rules if rules is None else rules)]


def _rule_maker(config: Config, rule: RuleLike) -> RuleMaker:
    if isinstance(rule, str):
        return _named_rule(config, rule)
    if isinstance(rule, type) or not hasattr(rule, "update"):
        make = cast("Callable[[tuple[int, int]], Rule]", rule)
        return lambda source, size_wh: make(size_wh)
    return _only_once(cast("Rule", rule))


def _named_rule(config: Config, name: str) -> RuleMaker:
    """A rule by name, with its section of the configuration and the zones of the camera it watches."""
    from edgepose.events import RULES, open_rule
    from edgepose.plugins import find

    find("rules", name, RULES)  # an unknown name is told now rather than with the first frame
    options = getattr(config, name, None)

    def make(source: str, size_wh: tuple[int, int]) -> Rule:
        if options is None:
            return open_rule(name, None, size_wh)
        zones = tuple(zone for zone in config.zones if zone.camera in ("", source))
        return open_rule(name, msgspec.structs.replace(options, zones=options.zones + zones), size_wh)

    return make


def _only_once(rule: Rule) -> RuleMaker:
    """A maker that hands out one existing rule, to one camera."""
    made: list[Rule] = []

    def make(source: str, size_wh: tuple[int, int]) -> Rule:
        if made:
            raise ConfigError(
                f"rule {type(rule).__name__} is one object, but a second camera or picture size needs its own; "
                "pass a function of the picture size that makes one"
            )
        made.append(rule)
        return rule

    return make


def open_sources(config: Config, source: SourceLike | Sequence[SourceLike] | None) -> list[Source]:
    """Every source, with names of their own; raises SourceError, and ConfigError where there is none."""
    wanted: Sequence[SourceLike | SourceEntry]
    if source is None:
        wanted = config.sources
    elif isinstance(source, Sequence) and not isinstance(source, str):
        wanted = source
    else:
        wanted = [source]
    if not wanted:
        raise ConfigError("no source to read; name one with --source, source=, or [[sources]] in the configuration")
    opened: list[Source] = []
    try:
        for one in wanted:
            opened.append(_open_source(one))
        _check_names([one.name for one in opened], config)
    except BaseException:
        for one_opened in opened:
            one_opened.close()
        raise
    return opened


def _open_source(wanted: SourceLike | SourceEntry) -> Source:
    if hasattr(wanted, "read"):
        return cast("Source", wanted)
    from edgepose.sources import SourceOptions, open_source

    if isinstance(wanted, SourceEntry):
        options = {name: getattr(wanted, name) for name in SourceOptions.__struct_fields__}
        return open_source(wanted.uri, SourceOptions(**options))
    return open_source(str(wanted))


def _check_names(names: Sequence[str], config: Config) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"two sources are named {twice[0]!r}; give each its own with name = in [[sources]]")
    for zone in config.zones:
        if zone.camera and zone.camera not in names:
            raise ConfigError(
                f"zone {zone.name!r} belongs to camera {zone.camera!r}, but there are only {', '.join(names)}"
            )


def open_publishers(config: Config, publishers: Iterable[str | Publisher] | None) -> list[Publisher]:
    """Every publisher that has somewhere to publish to, in the order of the configuration, or those given."""
    from edgepose.publish import open_publisher

    if publishers is None:
        wanted = {"mqtt": config.mqtt.url, "jsonl": config.jsonl.path, "video": config.video.path}
        publishers = [name for name, target in wanted.items() if target] + ["show"] * config.show.enabled
    return [open_publisher(one, getattr(config, one)) if isinstance(one, str) else one for one in publishers]


def device_card(network: Network, sources: Sequence[Source]) -> Mapping[str, Any]:
    """What publishers tell about this device: versions, model, keypoint names and limbs, cameras."""
    from edgepose import __version__

    spec, info = network.backend.spec, network.backend.info
    return {
        "versions": {"edgepose": __version__, info.name: info.version},
        "model": {
            "name": spec.name,
            "sha256": network.sha256,
            "precision": info.precision,
            "backend": info.name,
            "device": info.device,
        },
        "keypoints": BODYPOSENET_18.keypoints,
        "limbs": BODYPOSENET_18.limbs,
        "cameras": [{"name": source.name, "live": source.live} for source in sources],
    }


class Board:
    """What `Publisher.stats` tells beside the pipeline's own numbers: lost links so far, and how the board is doing."""

    def __init__(self, sources: Sequence[Source]) -> None:
        from edgepose.telemetry import open_telemetry

        self._sources = sources
        self._telemetry = open_telemetry()

    def read(self) -> Mapping[str, Any]:
        reconnects = {source.name: getattr(source, "reconnects", 0) for source in self._sources if source.live}
        return {"reconnects": reconnects, **msgspec.structs.asdict(self._telemetry.read())}

    def close(self) -> None:
        self._telemetry.close()
