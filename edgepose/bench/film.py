"""A short film of synthetic people with what a network would say about it, so that runs can be repeated exactly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgepose.backends.recording import RecordingWriter
from edgepose.decode.render import render_fields
from edgepose.model import ModelSpec
from edgepose.sources import open_source
from edgepose.types import CameraState, Frame, Image

N_PEOPLE = 10


def film(folder: Path, input_hw: tuple[int, int] = (368, 656), n_pictures: int = 12) -> tuple[list[Image], Path]:
    """Pictures (H, W) of ten people who walk, and a recording of the fields of a perfect network for them.

    n_pictures: at most 16, which is what the replay keeps in memory, so that reading its file costs nothing later on.
    """
    height, width = input_hw
    source = open_source(f"synthetic://?people={N_PEOPLE}&width={width}&height={height}&frames={n_pictures}")
    spec = ModelSpec(name="film", input_hw=input_hw)
    path = folder / "film.npz"
    images = []
    with RecordingWriter(path, spec, input_hw) as recording:
        for _ in range(n_pictures):
            frame = source.read()
            assert frame is not None  # a file-like source never times out
            images.append(frame.image)
            truth = source.truth(frame)  # type: ignore[attr-defined]
            recording.append(render_fields([pose.keypoints for pose in truth], input_hw))
    return images, path


class Projector:
    """A source that shows pictures from memory over and over, `n_frames` in all, as a file of 25 frames per second."""

    live = False
    dropped = 0
    state: CameraState = "online"

    def __init__(self, images: Sequence[Image], n_frames: int, name: str = "film") -> None:
        self.name = name
        self._images = images
        self._n_frames = n_frames
        self._seq = 0

    def read(self, timeout_s: float = 1.0) -> Frame:
        if self._seq == self._n_frames:
            raise EOFError
        frame = Frame(self._images[self._seq % len(self._images)], self._seq / 25, self._seq, self.name)
        self._seq += 1
        return frame

    def close(self) -> None:
        """Nothing to let go."""
