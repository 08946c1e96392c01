"""Opens what a configuration names: network, sources and publishers, or takes them as they are handed in.

What is handed in belongs to the pipeline from then on, which closes it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import replace

from edgepose import plugins
from edgepose.backends import Backend
from edgepose.config import Config, SourceEntry, load_config
from edgepose.errors import ConfigError, FileError, ModelError
from edgepose.health import reason_now
from edgepose.look import Network
from edgepose.names import slug
from edgepose.pipeline.guarded import GuardedPublisher
from edgepose.publish import Publisher
from edgepose.shown import shown
from edgepose.sources import Source

if TYPE_CHECKING:
    from edgepose.alerts.desk import AlertDesk
    from edgepose.alerts.options import AlertOptions
    from edgepose.alerts.store import AlertStore

log = logging.getLogger(__name__)

ModelLike = str | Path | Backend
"""Path of a model file, or a backend that is already open."""

SourceLike = str | Path | int | Source
"""Address or path, the number of a local camera, or a source that is already open."""

MAX_CAMERAS = 1000
"""/dev/video0 and so on; a larger number is no camera's."""


def configuration(
    config: Config | str | Path | None, height: int | None = None, min_score: float | None = None
) -> Config:
    """The given configuration, the one in a TOML file, or the defaults.

    height: of the network input in pixels, min_score: smallest score of a person, in place of what it says.
    """
    if isinstance(config, dict):
        raise ConfigError(
            "config is the path of a TOML file or a Config, got a dict; write msgspec.convert(config, edgepose.Config)"
        )
    if not isinstance(config, (Config, str, Path, type(None))):
        raise ConfigError(f"config is the path of a TOML file or an edgepose.Config, got {shown(config)}")
    if not isinstance(config, Config):
        config = Config() if config is None else load_config(config)
    if height is not None:
        config = replace(config, model=replace(config.model, height=height))
    if min_score is not None:
        config = replace(config, decode=replace(config.decode, min_score=min_score))
    return config


def open_network(config: Config, model: ModelLike | None) -> Network:
    """The model with its backend; raises ModelError or BackendError."""
    if model is None or isinstance(model, (str, Path)):
        from edgepose.backends import open_backend
        from edgepose.backends.in_use import chosen_model
        from edgepose.model import model_path

        path, options = model_path(model) if model else chosen_model(config.model.path), config.model
        backend = open_backend(path, options.backend, height=options.height)
        return Network(backend, options.height, config.decode, path)
    if not hasattr(model, "infer"):
        raise ModelError(f"model is a file, a name such as 'edgepose-lite' or an open backend, got {shown(model)}")
    return Network(model, config.model.height, config.decode)


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
        raise no_source()
    opened: list[Source] = []
    try:
        for one in wanted:
            opened.append(open_source_of(one))
        check_names([one.name for one in opened], config)
    except BaseException:
        for one_opened in opened:
            one_opened.close()
        raise
    return opened


def no_source() -> ConfigError:
    """What to raise where there is nothing to read."""
    return ConfigError(
        "no source to read; name a camera or video: edgepose run SOURCE, source= in Python, or [[sources]] in TOML"
    )


def open_source_of(wanted: SourceLike | SourceEntry) -> Source:
    """One source, by its entry or address, or as it was handed in; raises SourceError."""
    if hasattr(wanted, "read"):
        return cast("Source", wanted)
    from edgepose.sources import SourceOptions, open_source

    if isinstance(wanted, SourceEntry):
        options = {name: getattr(wanted, name) for name in SourceOptions.__struct_fields__}
        return open_source(wanted.uri, SourceOptions(**options))
    if not isinstance(wanted, (str, Path, int)) or (isinstance(wanted, int) and not 0 <= wanted < MAX_CAMERAS):
        raise ConfigError(f"a source is an address, a file, a camera's number or an open source, got {shown(wanted)}")
    return open_source(str(wanted))


def check_names(names: Sequence[str], config: Config) -> None:
    """Raise ConfigError where two sources share a name, or a zone belongs to a camera that is not there."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"two sources are named {twice[0]!r}; give each its own with name = in [[sources]]")
    for zone in config.zones:
        if zone.camera and zone.camera not in names:
            raise ConfigError(
                f"zone {zone.name!r} belongs to camera {zone.camera!r}, but there are only {', '.join(names)}"
            )


def rooms_of(config: Config, sources: Sequence[Source]) -> dict[str, str]:
    """The room of each camera that has one, by its name in topics; `sources` are those of the configuration."""
    pairs = zip(config.sources, sources, strict=True)
    return {slug(source.name): entry.room for entry, source in pairs if entry.room}


def open_desk(
    config: Config, publishers: Iterable[Publisher], model: Mapping[str, Any], rooms: Mapping[str, str]
) -> AlertDesk | None:
    """The desk that every publisher carries alerts from, None where none does.

    A spool that cannot be used is no reason to stop watching: alerts then wait in memory, and the health says so.
    """
    carriers = [publisher for publisher in publishers if hasattr(publisher, "use_desk")]
    if not carriers:
        return None
    from edgepose.alerts.desk import AlertDesk

    desk = AlertDesk(slug(config.mqtt.device_name), _open_store(config.alerts), model, config.alerts, rooms)
    for carrier in carriers:
        if hasattr(carrier, "is_only_way"):
            carrier.is_only_way = len(carriers) == 1
        carrier.use_desk(desk)
    return desk


def _open_store(options: AlertOptions) -> AlertStore:
    from edgepose.alerts.store import MemoryAlertStore

    if options.spool_path is None:
        return MemoryAlertStore()
    from edgepose.alerts.spool import Spool

    try:
        return Spool(options.spool_path)
    except FileError as error:
        log.warning("%s; alerts wait in memory", error)
        return MemoryAlertStore((reason_now("spool_unusable", f"{error}; alerts wait in memory"),))


def publishers_of(config: Config) -> list[str]:
    """Names of the publishers that have somewhere to publish to, in the order of the configuration."""
    wanted = {
        "mqtt": config.mqtt.url,
        "webhook": config.webhook.url,
        "jsonl": config.jsonl.path,
        "video": config.video.path,
        "metrics": config.metrics.listen,
    }
    return [name for name, target in wanted.items() if target] + ["show"] * config.show.enabled


def open_publishers(config: Config, publishers: Iterable[str | Publisher] | None) -> list[Publisher]:
    """Every publisher that has somewhere to publish to, or those given."""
    from edgepose.publish import PUBLISHERS, open_publisher

    def opened(one: str | Publisher) -> Publisher:
        if not isinstance(one, str):
            if not hasattr(one, "publish"):
                raise ConfigError(f"a publisher is a name such as 'jsonl' or has a publish method, got {shown(one)}")
            return one
        return open_publisher(one, getattr(config, one)) if one in PUBLISHERS else _of_plugin(config, one)

    if isinstance(publishers, str):
        raise ConfigError(f"publishers is a list of names, got {publishers!r}; write publishers=[{publishers!r}]")
    own = next((name for name in config.publishers if name in PUBLISHERS), None)
    if own is not None:
        raise ConfigError(
            f"{own!r} runs where [{own}] says so; leave it out of publishers, which names those of others"
        )
    wanted = [*publishers_of(config), *config.publishers] if publishers is None else publishers
    if not isinstance(wanted, Iterable):
        raise ConfigError(f"publishers is a list of names or open publishers, got {shown(publishers)}")
    return [opened(one) for one in wanted]


def _of_plugin(config: Config, name: str) -> Publisher:
    """A publisher of others, with the options of its table, which cannot end the run when it fails."""
    plugin = plugins.find("publishers", name, {})
    options = plugins.options_of("publishers", name, plugin, config.plugins.get(name, {}))
    make = plugin if options is None else partial(plugin, options)
    return GuardedPublisher(name, plugins.made("publishers", name, make))
