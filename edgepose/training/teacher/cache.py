"""Looks and dense maps kept on disk by what went in: the recipe, the teachers' files, the picture's bytes.

Every file is written whole and moved into place, so two processes may share a folder: at worst both compute.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgepose.errors import DataError
from edgepose.files import ORDINARY, replacing, sha256_of, write_atomically
from edgepose.training.teacher.fused import LookOptions
from edgepose.training.teacher.sight import Look, decode, encode

Seen = tuple[Look, NDArray[np.float16]]
"""A Look and the dense maps (57, h, w) of the whole picture."""


def recipe_key(options: LookOptions, files: Sequence[Path]) -> str:
    """16 hexadecimal digits of everything but the picture."""
    digest = sha256(msgspec.json.encode(options))
    for path in files:
        digest.update(sha256_of(path).encode())
    return digest.hexdigest()[:16]


def open_kept(folder: str) -> LookCache | None:
    """The cache whose recipe's folder this is, to read from; None for an empty name, DataError for no folder."""
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise DataError(f"no folder {folder!r} of kept maps; make it with python -m edgepose.training.teacher")
    return LookCache(Path(folder).parent, Path(folder).name)


class LookCache:
    """A folder of looks. `recipe`: what `recipe_key` gave; another recipe's files lie in another folder beside it."""

    def __init__(self, folder: Path, recipe: str) -> None:
        self.folder = folder / recipe

    def get(self, picture_sha: str) -> Look | None:
        """The look at the picture with this SHA-256; None when it is not there, or broken and to be made again."""
        try:
            return decode(self._path(picture_sha, "json").read_bytes())
        except (OSError, msgspec.DecodeError):
            return None

    def maps(self, picture_sha: str) -> NDArray[np.float16] | None:
        """The dense maps of the picture; None when they are not there or broken."""
        with contextlib.suppress(OSError, ValueError, EOFError):
            return np.asarray(np.load(self._path(picture_sha, "npy"), allow_pickle=False), np.float16)
        return None

    def put(self, picture_sha: str, seen: Seen) -> None:
        """Keep both; FileError when the disk is full, and what was there before stays."""
        with replacing(self._path(picture_sha, "npy"), ORDINARY) as file:
            np.save(file, seen[1])
        write_atomically(self._path(picture_sha, "json"), encode(seen[0]), ORDINARY)

    def look(self, picture_sha: str, compute: Callable[[], Seen]) -> Look:
        """From disk, else computed and kept."""
        kept = self.get(picture_sha)
        if kept is None or not self._path(picture_sha, "npy").is_file():
            seen = compute()
            self.put(picture_sha, seen)
            kept = seen[0]
        return kept

    def _path(self, picture_sha: str, kind: str) -> Path:
        return self.folder / f"{picture_sha[:24]}.{kind}"
