"""Recorded fields: an uncompressed NPZ with one picture after the other, written while a network runs, read lazily."""

from __future__ import annotations

import contextlib
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgepose.arrays import Arrays
from edgepose.backends import Backend, gives_away, takes_pixels
from edgepose.backends.outputs import layout_of, plane
from edgepose.errors import DataError
from edgepose.files import replacing
from edgepose.model import ModelSpec
from edgepose.types import Fields, FloatArray, Image

_CONTRACT = "contract"


class RecordingWriter:
    """Writes fields picture by picture, float16; a context manager, whole and in its place once closed.

    Only its owner may read the file.

    spec: contract of the network they are from. input_hw: size of its input.
    """

    def __init__(self, path: str | Path, spec: ModelSpec, input_hw: tuple[int, int]) -> None:
        recorded = msgspec.structs.replace(
            spec,
            input_hw=input_hw,
            dynamic_size=False,
            heatmaps=msgspec.structs.replace(spec.heatmaps, layout="NCHW", channels=None),
            pafs=msgspec.structs.replace(spec.pafs, layout="NCHW", channels=None),
        )
        self._stack = contextlib.ExitStack()
        file = self._stack.enter_context(replacing(Path(path)))
        self._archive = self._stack.enter_context(zipfile.ZipFile(file, "w", zipfile.ZIP_STORED))
        self._count = 0
        self._write(_CONTRACT, np.frombuffer(msgspec.json.encode(recorded), np.uint8))

    def append(self, fields: Fields) -> None:
        """Add one picture's fields."""
        self._write(f"{self._count}.heatmaps", fields.heatmaps.astype(np.float16))
        self._write(f"{self._count}.pafs", fields.pafs.astype(np.float16))
        self._count += 1

    def _write(self, name: str, array: NDArray[Any]) -> None:
        with self._archive.open(f"{name}.npy", "w") as member:
            np.lib.format.write_array(member, array, allow_pickle=False)

    def close(self) -> None:
        """Finish the file and put it in its place; closing twice is fine."""
        self._stack.close()

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Recording:
    """Recorded fields, read when asked for; the last 16 pictures stay in memory.

    spec: their contract, with the recorded input size. len(): pictures. DataError when the file is none of ours.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._archive = Arrays(path)
            text = self._archive.read(_CONTRACT).tobytes()
            self.spec = msgspec.json.decode(text, type=ModelSpec)
            self._count = sum(name.endswith(".heatmaps") for name in self._archive.names)
        except (ValueError, RecursionError) as error:  # DataError and msgspec's errors are ValueErrors
            raise DataError(f"{path} is no recording of fields ({error}); record one with RecordingBackend") from None
        if not self._count:
            raise DataError(f"the recording {path} holds no picture")
        self.picture = lru_cache(maxsize=16)(self._read)

    def __len__(self) -> int:
        return self._count

    def _read(self, index: int) -> tuple[FloatArray, FloatArray]:
        heatmaps, pafs = (self._archive.read(f"{index}.{kind}") for kind in ("heatmaps", "pafs"))
        if not all(maps.ndim == 3 and maps.dtype.kind == "f" for maps in (heatmaps, pafs)):
            raise DataError(f"picture {index} of the recording holds no maps (C, h, w); record it again")
        return heatmaps.astype(np.float32), pafs.astype(np.float32)

    def close(self) -> None:
        self._archive.close()


class RecordingBackend:
    """Runs another backend and writes down what it says; closing it closes both.

    The recording is in the network's own output order and float16, one entry per picture whatever the batches were.
    """

    def __init__(self, inner: Backend, path: str | Path) -> None:
        self.spec = inner.spec
        self.info = inner.info
        self.takes_pixels, self.gives_away = takes_pixels(inner), gives_away(inner)
        self._inner = inner
        self._path = Path(path)
        self._writer: RecordingWriter | None = None
        self._input_hw: tuple[int, int] | None = None

    def infer(self, batch: FloatArray | Image) -> list[NDArray[Any]]:
        """See Backend.infer."""
        outputs = self._inner.infer(batch)  # type: ignore[arg-type]
        input_hw = plane(batch.shape, layout_of(self.spec, batch))
        if self._writer is None:
            self._writer, self._input_hw = RecordingWriter(self._path, self.spec, input_hw), input_hw
        if input_hw != self._input_hw:
            raise DataError(f"a recording holds one input size, {self._input_hw}; now came {input_hw}: record it apart")
        for heatmaps, pafs in zip(*map(_pictures, outputs, (self.spec.heatmaps, self.spec.pafs)), strict=True):
            self._writer.append(Fields(heatmaps, pafs, self.spec.heatmaps.stride, self.spec.pafs.stride))
        return outputs

    def close(self) -> None:
        """See Backend.close."""
        self._inner.close()
        if self._writer is not None:
            self._writer.close()


def _pictures(tensor: NDArray[Any], output: Any) -> NDArray[Any]:
    """The wanted channels of a batch, channels first."""
    if output.layout == "NHWC":
        tensor = tensor.transpose(0, 3, 1, 2)
    return tensor if output.channels is None else tensor[:, output.channels[0] : output.channels[1]]
