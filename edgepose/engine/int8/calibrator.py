"""For TensorRT <= 10: a calibrator that offers the measured ranges, and feeds the same pictures where they are refused.

TensorRT asks for the cache first. When it does not accept one (another version wrote it, or layers are missing from
it) it asks for batches; they come from the same pictures, prepared as in inference, and never from anything else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from edgepose.backends.device_memory import Buffer, DeviceMemory
from edgepose.engine.int8.cache_file import ENTROPY, MINMAX
from edgepose.errors import ConfigError
from edgepose.types import FloatArray

_log = logging.getLogger(__name__)

_BASES = {ENTROPY: "IInt8EntropyCalibrator2", MINMAX: "IInt8MinMaxCalibrator"}


def make_calibrator(
    trt: Any,
    cache: str,
    batches: Iterator[FloatArray],
    batch_size: int,
    memory: DeviceMemory | None,
    algorithm: str = ENTROPY,
) -> Any:
    """An object for `config.int8_calibrator`. Afterwards `written` holds TensorRT's own cache where it made one.

    cache: text with the header of this TensorRT version. batches: float32 (N, ...) inputs, all of one size; used only
    when the cache is refused, and then `memory` is where they go. `fed` counts the pictures that were.
    """
    base = getattr(trt, _BASES[algorithm])

    class PictureCalibrator(base):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            base.__init__(self)
            self.written: bytes | None = None
            self.fed = 0
            self._buffer: Buffer | None = None
            self._stream: Any = None

        def get_batch_size(self) -> int:
            return batch_size

        def read_calibration_cache(self) -> bytes | None:
            return cache.encode() if cache else None

        def write_calibration_cache(self, data: Any) -> None:
            self.written = bytes(data)

        def get_batch(self, names: Sequence[str], *_: Any) -> list[int] | None:
            if len(names) != 1:
                raise ConfigError(f"calibration feeds one input, this network has {list(names)}")
            batch = next(batches, None)
            if batch is None:
                self._free()
                return None
            if memory is None:
                raise ConfigError("TensorRT refused the calibration cache and there is no GPU to feed pictures to")
            if self.fed == 0:
                _log.warning("TensorRT did not take the calibration cache; feeding it the pictures instead")
            with memory.active():
                if self._buffer is None:
                    self._buffer, self._stream = memory.buffer(batch.nbytes, mapped=False), memory.stream()
                self._buffer.host[: batch.nbytes].view(np.float32).reshape(batch.shape)[...] = batch
                memory.to_device(self._buffer, batch.nbytes, self._stream)
                memory.wait(self._stream)
            self.fed += len(batch)
            return [self._buffer.address]

        def _free(self) -> None:
            if memory is not None and self._buffer is not None:
                with memory.active():
                    memory.free(self._buffer)
                    self._buffer = self._stream = None

    return PictureCalibrator()
