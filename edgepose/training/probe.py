"""Pictures that a network is probed with while it is narrowed and solved, one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from edgepose.errors import DataError
from edgepose.training.validate import own_spec

HEIGHT = 224


def probe_pictures(lists: Sequence[Path], n: int) -> list[Tensor]:
    """`n` pictures of each COCO-style list, spread evenly: (1, 3, 224, W) each, normalised."""
    chosen = []
    for one in lists:
        images = json.loads(one.read_text())["images"]
        chosen += [Path(images[i]["file_name"]) for i in np.linspace(0, len(images) - 1, n).astype(int)]
    return [_read(path) for path in chosen]


def _read(path: Path) -> Tensor:
    image = cv2.imread(str(path))
    if image is None:
        raise DataError(f"{str(path)!r} is not a readable picture; remove it from its list")
    width = round(image.shape[1] * HEIGHT / image.shape[0] / 8) * 8
    small = cv2.resize(image, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    spec = own_spec("probe")
    return torch.from_numpy(small).permute(2, 0, 1)[None].float().sub(spec.mean[0]).mul(spec.scale[0])


def runner(network: nn.Module, pictures: list[Tensor]) -> Callable[[], None]:
    """Sends all pictures through."""

    def run() -> None:
        for picture in pictures:
            network(picture)

    return run
