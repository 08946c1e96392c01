"""NPZ and NPY files, read by their headers first: how large an array is, and that it holds plain numbers or text.

A zip may hold a thousand times its own size, and a pickle in it may be a program; neither is unpacked here.
"""

from __future__ import annotations

import io
import math
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgepose.errors import DataError
from edgepose.files import reason

MAX_BYTES = 512 << 20
"""The largest array that is read. Keypoints of one person at 30 frames a second fill it in 23 hours."""

_MAGIC, _LENGTHS = b"\x93NUMPY", {1: 2, 2: 4}
_MAX_HEADER = 10_000


class Arrays:
    """The arrays of an NPZ, read when asked for. names: what it holds. A context manager; closing twice is fine.

    Raises DataError where the file is none, here as in `read`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not os.path.isfile(path):  # noqa: PTH113, Path.is_file raises for a name that is too long
            raise DataError(f"no file '{path}'; give an NPZ")
        try:
            self._zip = zipfile.ZipFile(path)
        except Exception as error:  # a damaged directory makes zipfile raise anything
            raise _damaged(path, error) from None
        self.names = [name.removesuffix(".npy") for name in self._zip.namelist()]

    def read(self, name: str, max_bytes: int = MAX_BYTES) -> NDArray[Any]:
        """One array. Raises DataError when it is missing, damaged, holds objects, or exceeds `max_bytes`."""
        if name not in self.names:
            raise DataError(f"'{self._path}' lacks '{name}'; it holds {', '.join(self.names[:10]) or 'nothing'}")
        what = f"'{name}' in '{self._path}'"
        try:
            member = f"{name}.npy"
            size = self._zip.getinfo(member).file_size
            with self._zip.open(member) as file:
                return _array(file, what, size, max_bytes)
        except DataError:
            raise
        except Exception as error:  # so do damaged members: zlib.error, NotImplementedError, RuntimeError ...
            raise _damaged(self._path, error) from None

    def close(self) -> None:
        self._zip.close()

    def __enter__(self) -> Arrays:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_arrays(path: Path, names: Iterable[str], max_bytes: int = MAX_BYTES) -> dict[str, NDArray[Any]]:
    """Some arrays of an NPZ, by name. Raises DataError as `Arrays` does, and when one is missing."""
    with Arrays(path) as arrays:
        return {name: arrays.read(name, max_bytes) for name in names}


def read_array(path: Path, max_bytes: int = MAX_BYTES) -> NDArray[Any]:
    """The array of an NPY. Raises DataError as `Arrays.read` does."""
    try:
        with path.open("rb") as file:
            return _array(file, f"'{path}'", path.stat().st_size, max_bytes)
    except DataError:
        raise
    except Exception as error:
        raise _damaged(path, error) from None


def _array(file: Any, what: str, size: int, max_bytes: int) -> NDArray[Any]:
    """The array that a stream of `size` bytes says it is."""
    shape, by_columns, dtype, begins = _header(file)
    if dtype.hasobject:
        raise DataError(f"{what} holds Python objects, which could run programs; save it as numbers")
    n_bytes = math.prod(shape) * dtype.itemsize
    if n_bytes > max_bytes or math.prod(filter(None, shape)) > max_bytes:
        raise DataError(f"{what} is an array {shape} of {n_bytes} bytes, and at most {max_bytes} are read; divide it")
    if begins + n_bytes != size:
        raise DataError(f"{what} is damaged: it should have {begins + n_bytes} bytes and has {size}; copy it again")
    data = bytearray(n_bytes)
    n_read = 0
    while n_read < n_bytes and (n := file.readinto(memoryview(data)[n_read:])):
        n_read += n
    if n_read < n_bytes or file.read(1):  # reading to the end compares the check sum too
        raise DataError(f"{what} is cut off after {n_read} of {n_bytes} bytes; copy it again")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if by_columns else "C")


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """(shape, whether columns lie together, type, where the data begins). Raises ValueError and what NumPy raises."""
    start = file.read(8)
    if start[:6] != _MAGIC or start[6] not in _LENGTHS:
        raise ValueError("it holds no array that NumPy wrote")
    length = file.read(_LENGTHS[start[6]])
    n = int.from_bytes(length, "little")
    if n > _MAX_HEADER:
        raise ValueError(f"a header of {n} bytes")
    text = io.BytesIO(length + file.read(n))
    read = np.lib.format.read_array_header_1_0 if start[6] == 1 else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read(text)
    if min(shape, default=0) < 0 or not dtype.itemsize:
        raise ValueError(f"a shape of {shape} and type {dtype}")
    return shape, by_columns, dtype, 8 + len(length) + n


def _damaged(path: Path, error: Exception) -> DataError:
    why = reason(error) if isinstance(error, OSError) else (str(error) or repr(error)).splitlines()[0]
    kind = path.suffix[1:].upper() or "NPZ"
    return DataError(f"'{path}' cannot be read as {kind}: {why[:200]}; copy or write it again")
