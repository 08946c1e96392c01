"""Pictures that a network is probed with while it is narrowed and solved, one at a time."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from edgepose.errors import DataError, SourceError
from edgepose.look.resize import resized
from edgepose.pictures import list_images, read_image
from edgepose.training.network.validate import own_spec

_log = logging.getLogger(__name__)

HEIGHT = 224


def probe_pictures(places: Sequence[Path], n: int) -> list[Tensor]:
    """At most `n` pictures of each folder or COCO-style list, spread evenly: (1, 3, 224, W) each, normalised."""
    chosen = []
    for place in places:
        paths = list_images(place) if place.is_dir() else _listed(place)
        chosen += [paths[i] for i in np.linspace(0, len(paths) - 1, min(n, len(paths))).astype(int)]
    pictures = [picture for path in chosen if (picture := _read(path)) is not None]
    if chosen and not pictures:
        raise DataError(f"none of {len(chosen)} pictures to probe with can be read; mend or replace them")
    return pictures


def _listed(path: Path) -> list[Path]:
    """The pictures of a COCO-style list; names that are not absolute are looked for beside it."""
    try:
        return [path.parent / image["file_name"] for image in json.loads(path.read_bytes())["images"]]
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r} ({error}); give a folder or a COCO-style list") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{str(path)!r} is neither a folder of pictures nor a COCO-style list ({error!r})") from None


def _read(path: Path) -> Tensor | None:
    """A picture of its kind; None, with a warning, where it cannot be read."""
    try:
        image = read_image(path)
    except SourceError as error:
        _log.warning("left out: %s", error)
        return None
    width = max(1, round(image.shape[1] * HEIGHT / image.shape[0] / 8)) * 8
    spec = own_spec("probe")
    small = resized(image, (width, HEIGHT), spec.resize)
    return torch.from_numpy(small).permute(2, 0, 1)[None].float().sub(spec.mean[0]).mul(spec.scale[0])


def runner(network: nn.Module, pictures: Sequence[Tensor]) -> Callable[[], None]:
    """Sends all pictures through."""

    def run() -> None:
        for picture in pictures:
            network(picture)

    return run
