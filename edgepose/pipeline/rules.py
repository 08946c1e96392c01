"""Rules for each camera: from names in the configuration, functions, or objects of a host program."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

import msgspec

from edgepose import plugins
from edgepose.config import Config
from edgepose.errors import ConfigError
from edgepose.events import Rule
from edgepose.pipeline.guarded import GuardedRule
from edgepose.pipeline.scene import RuleMaker
from edgepose.shown import shown
from edgepose.skeleton import BODYPOSENET_18, Skeleton

RuleLike = str | Callable[[tuple[int, int]], Rule] | Rule
"""Name of a rule, a function that makes one for a picture size (width, height), or one rule for the only camera."""


def rule_makers(
    config: Config, rules: Iterable[RuleLike] | None, skeleton: Skeleton = BODYPOSENET_18
) -> list[RuleMaker]:
    """One maker per rule, in order; ConfigError for a name that no rule has.

    skeleton: the keypoints of the people; ConfigError, too, where a rule could see nothing in them.
    """
    if isinstance(rules, str):
        raise ConfigError(f"rules is a list of names, got {rules!r}; write rules=[{rules!r}]")
    if not isinstance(rules, (Iterable, type(None))):
        raise ConfigError(f"rules is a list of names or rules, as ['fall'], got {shown(rules)}")
    return [_rule_maker(config, rule, skeleton) for rule in (config.rules if rules is None else rules)]


def _rule_maker(config: Config, rule: RuleLike, skeleton: Skeleton) -> RuleMaker:
    if isinstance(rule, str):
        return _named_rule(config, rule, skeleton)
    if not callable(rule) and not hasattr(rule, "update"):
        raise ConfigError(f"a rule is a name such as 'fall', a rule, or a function that makes one, got {shown(rule)}")
    if isinstance(rule, type) or not hasattr(rule, "update"):
        make = cast("Callable[[tuple[int, int]], Rule]", rule)
        return lambda source, size_wh: make(size_wh)
    return _only_once(cast("Rule", rule))


def _named_rule(config: Config, name: str, skeleton: Skeleton) -> RuleMaker:
    """A rule by name, with its section of the configuration and the zones of the camera it watches."""
    from edgepose.events import RULES, open_rule

    if name not in RULES:
        return _of_plugin(config, name)
    options = getattr(config, name)
    if skeleton is not BODYPOSENET_18:
        open_rule(name, options, skeleton=skeleton)  # which refuses it now, not with the first frame

    def make(source: str, size_wh: tuple[int, int]) -> Rule:
        zones = tuple(zone for zone in config.zones if zone.camera in ("", source))
        return open_rule(name, msgspec.structs.replace(options, zones=options.zones + zones), size_wh, skeleton)

    return make


def _of_plugin(config: Config, name: str) -> RuleMaker:
    """A rule of others, with the options of its table; an unknown name is refused now, not with the first frame."""
    from edgepose.events import RULES

    plugin = plugins.find("rules", name, RULES)
    options = plugins.options_of("rules", name, plugin, config.plugins.get(name, {}))

    def make(source: str, size_wh: tuple[int, int]) -> Rule:
        return GuardedRule(name, plugins.made("rules", name, lambda: plugin(options, size_wh=size_wh)))

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
