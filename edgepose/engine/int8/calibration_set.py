"""Pictures as the network sees them: each is read and fitted once, and kept in a file that steps map into memory.

Five steps of calibration and the gate look at the same pictures. What is kept is the fitted picture, uint8: a quarter
of the float input, which a look-up makes of it. The pages of the file belong to the system's cache, not to the process.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from edgepose.engine.int8.pictures import Picture, spread
from edgepose.errors import FileError
from edgepose.files import reason, sha256_of
from edgepose.look.preprocess import Letterbox, Preprocessor
from edgepose.model import ModelSpec
from edgepose.pictures import read_image
from edgepose.types import FloatArray, Image


class CalibrationSet:
    """Some fitted pictures, in order; a part of it shares its memory.

    pictures: the files. images: uint8 (N, H, W, 3) BGR, fitted into the network's input. letterboxes: how each lies in
    it. spec, input_hw: of the network.
    """

    def __init__(
        self,
        pictures: Sequence[Picture],
        images: Sequence[Image],
        letterboxes: Sequence[Letterbox],
        spec: ModelSpec,
        input_hw: tuple[int, int],
    ) -> None:
        self.pictures = tuple(pictures)
        self.images = images
        self.letterboxes = tuple(letterboxes)
        self.spec = spec
        self.input_hw = input_hw

    def __len__(self) -> int:
        return len(self.pictures)

    def tensors(self) -> Iterator[FloatArray]:
        """The network's input for each picture, prepared exactly as inference prepares it, without a batch axis."""
        preprocessor = Preprocessor(self.spec, self.input_hw)
        for image in self.images:
            yield preprocessor.prepare(image)[0]

    def part(self, positions: Sequence[int]) -> CalibrationSet:
        """The pictures at these positions, in this order."""
        return CalibrationSet(
            [self.pictures[k] for k in positions],
            [self.images[k] for k in positions],
            [self.letterboxes[k] for k in positions],
            self.spec,
            self.input_hw,
        )

    def first(self, n: int) -> CalibrationSet:
        """At most `n` from the beginning."""
        return self.part(range(min(n, len(self))))

    def after(self, n: int) -> CalibrationSet:
        """All but the first `n`."""
        return self.part(range(n, len(self)))

    def spread(self, n: int) -> CalibrationSet:
        """At most `n`, evenly spaced."""
        return self.part(spread(range(len(self)), n))


class FittedPictures:
    """The file that fitted pictures are kept in: unnamed, beside the results, gone when closed or when the process is.

    folder: where it lies; H x W x 3 bytes for each picture. FileError where that cannot be written.
    """

    def __init__(self, folder: Path, spec: ModelSpec, input_hw: tuple[int, int]) -> None:
        self._folder = folder
        self._spec = spec
        self._input_hw = input_hw
        self._preprocessor = Preprocessor(spec, input_hw)
        self._rows: dict[str, int] = {}
        self._letterboxes: list[Letterbox] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by close)
        except OSError as error:
            raise self._unwritable(error) from None

    def __enter__(self) -> FittedPictures:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file up; sets that were selected stay readable. Closing twice is fine."""
        self._file.close()

    def add(self, sha256: str, image: Image) -> None:
        """Fit a picture, uint8 (h, w, 3) BGR, and keep it under the digest of its file; once for each digest."""
        if sha256 in self._rows:
            return
        fitted, letterbox = self._preprocessor.fit(image)
        try:
            self._file.write(np.ascontiguousarray(fitted).data)
        except OSError as error:
            raise self._unwritable(error) from None
        self._rows[sha256] = len(self._letterboxes)
        self._letterboxes.append(letterbox)

    def select(self, pictures: Sequence[Picture]) -> CalibrationSet:
        """These of the pictures added, in this order. KeyError for one that was not."""
        rows = [self._rows[picture.sha256] for picture in pictures]
        images, boxes = self._mapped(), self._letterboxes
        chosen, boxed = [images[row] for row in rows], [boxes[row] for row in rows]
        return CalibrationSet(pictures, chosen, boxed, self._spec, self._input_hw)

    def _mapped(self) -> NDArray[Any]:
        try:
            self._file.flush()
            shape = (len(self._letterboxes), *self._input_hw, 3)
            return np.memmap(self._file, np.uint8, "r", shape=shape) if shape[0] else np.zeros(shape, np.uint8)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> FileError:
        return FileError(
            f"cannot keep the prepared pictures in '{self._folder}' ({reason(error)}); make room, or give another place"
        )


@contextlib.contextmanager
def fitted_once(
    paths: Sequence[Path], folder: Path, spec: ModelSpec, input_hw: tuple[int, int]
) -> Iterator[CalibrationSet]:
    """These files, each read once, as a set; SourceError for one that is no picture."""
    with FittedPictures(folder, spec, input_hw) as fitted:
        pictures = [Picture(path, sha256_of(path)) for path in paths]
        for picture in pictures:
            fitted.add(picture.sha256, read_image(picture.path))
        yield fitted.select(pictures)
