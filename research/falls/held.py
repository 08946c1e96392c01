"""One picture held for seconds with sensor noise, as a video of a room in which nothing moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np

from edgepose.files import sha256_of
from edgepose.pictures import read_image
from edgepose.replay.found import FoundPeople
from edgepose.sources import open_source
from edgepose.types import Frame, Image

SECONDS, FPS, SIGMA = 20, 5, 4.0


class HeldPictures(FoundPeople):
    """Finds people in pictures held so. frame_of: which frame is meant of a video; other paths are pictures."""

    frame_of: Mapping[Path, int] = {}

    def contents(self, video: Path) -> str:
        return f"{sha256_of(video)} {self.frame_of.get(video)} held {SECONDS} {FPS} {SIGMA}"

    def frames(self, video: Path) -> Iterator[Frame]:
        image = still_of(video, self.frame_of[video]) if video in self.frame_of else read_image(video)
        for seq in range(SECONDS * FPS):
            cv2.setRNGSeed(1 + seq)
            noise = cv2.randn(np.empty(image.shape, np.int16), 0, SIGMA)
            yield Frame(cv2.add(image, noise, dtype=cv2.CV_8U), seq / FPS, seq, video.stem)


def still_of(video: Path, number: int) -> Image:
    """Frame `number` of a video, counted from zero; the last one where it has fewer."""
    source, image = open_source(str(video)), None
    try:
        while True:
            frame = source.read()
            if frame is None:
                continue
            image = frame.image
            if frame.seq >= number:
                return image
    except EOFError:
        assert image is not None, video
        return image
    finally:
        source.close()
