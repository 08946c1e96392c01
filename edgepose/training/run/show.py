"""A grid of training samples as the network sees them, with the targets drawn over: look before you train."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edgepose.pictures import write_image
from edgepose.training.data.dataset import PoseDataset, Sample
from edgepose.types import Image


def save_grid(dataset: PoseDataset, path: Path, n_columns: int = 6, n_rows: int = 4) -> None:
    """Write a PNG of the first samples of the epoch: red peaks are keypoints, green are limbs, grey is ignored."""
    pictures = [draw_sample(dataset[i]) for i in range(n_columns * n_rows)]
    rows = [np.hstack(pictures[i : i + n_columns]) for i in range(0, len(pictures), n_columns)]
    write_image(path, np.vstack(rows))


def draw_sample(sample: Sample) -> Image:
    """uint8 (S, S, 3): the crop under its heatmaps, limbs and mask."""
    image = sample.image.numpy().transpose(1, 2, 0).astype(np.float32)
    size_wh = image.shape[1], image.shape[0]
    pafs = sample.pafs.numpy()
    red = sample.heatmaps.numpy()[:-1].max(0)
    green = np.sqrt(pafs[0::2] ** 2 + pafs[1::2] ** 2).max(0)
    paint = np.stack((np.zeros_like(red), green, red), -1).clip(0, 1)
    over = cv2.resize(paint, size_wh, interpolation=cv2.INTER_CUBIC).clip(0, 1)
    learned = cv2.resize(sample.mask.amin(0).numpy(), size_wh, interpolation=cv2.INTER_NEAREST)[..., None]
    mixed = image * 0.6 + over * 140
    return (mixed * learned + 128 * (1 - learned)).clip(0, 255).astype(np.uint8)  # type: ignore[no-any-return]
