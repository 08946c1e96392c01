"""NPZ files: read by their headers first; what claims too much, holds objects or is damaged is one sentence."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgepose.arrays import Arrays, read_array, read_arrays
from edgepose.backends.recording import Recording
from edgepose.errors import DataError
from edgepose.replay import load_recording

MAX_S = 10.0


def npz(folder: Path, **members: bytes) -> Path:
    path = folder / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


def header(shape: str, dtype: str = "<f8") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize("compressed", [False, True])
def test_what_was_saved_comes_back(tmp_path: Path, compressed: bool) -> None:
    arrays = {
        "a": np.arange(24.0).reshape(2, 3, 4),
        "columns": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        "number": np.array(7),
        "text": np.array(["left", "right"]),
        "empty": np.zeros((0, 3)),
        "big": np.arange(3, dtype=">f4"),
    }
    save = np.savez_compressed if compressed else np.savez
    save(tmp_path / "x.npz", **arrays)
    for name, found in read_arrays(tmp_path / "x.npz", arrays).items():
        assert found.dtype == arrays[name].dtype
        np.testing.assert_array_equal(found, arrays[name])
    np.save(tmp_path / "x.npy", arrays["a"])
    np.testing.assert_array_equal(read_array(tmp_path / "x.npy"), arrays["a"])


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("4 GB", header("(500_000_000,)") + bytes(5000), "4000000000 bytes, and at most 536870912"),
        ("too long to count", header("(9" + "9" * 40 + ",)"), "at most 536870912"),
        ("nothing of everything", header("(0, 99999999999999)"), "at most 536870912"),
        ("more than there is", header("(1000,)") + bytes(80), "should have 8128 bytes and has 208"),
        ("less than there is", header("(2,)") + bytes(80), "should have 144 bytes and has 208"),
        ("objects", header("(1,)", "|O") + b"cos\nsystem\n(S'true'\ntR.", "Python objects"),
        ("objects in fields", header("(1,)").replace(b"'<f8'", b"[('a', '|O')]") + bytes(8), "Python objects"),
        ("a negative side", header("(-1,)") + bytes(8), "cannot be read"),
        ("no program", b"\x93NUMPY\x01\x00\x10\x00__import__('os')", "cannot be read"),
        ("a deep header", b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 9000, "cannot be read"),
        ("a long header", b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 30) + bytes(100), "a header of 1073741824"),
        ("of another version", b"\x93NUMPY\x09\x00" + bytes(100), "no array that NumPy wrote"),
        ("nothing", b"", "no array that NumPy wrote"),
    ],
)
def test_what_no_reader_should_take_is_refused(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = npz(tmp_path, keypoints=data)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=words) as raised:
            read_arrays(path, ["keypoints"])
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()
    assert "\n" not in str(raised.value)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A megabyte that unpacks to a gigabyte of zeros."""
    path = tmp_path / "x.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("keypoints.npy", "w", force_zip64=True) as member,
    ):
        member.write(header("(134_217_728,)"))
        for _ in range(64):
            member.write(bytes(16 << 20))
    assert path.stat().st_size < 2 << 20
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="at most 536870912 are read"):
            load_recording(path)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("what", ["missing", "too long", "folder", "no zip", "lacking", "encrypted"])
def test_what_is_no_npz_is_one_sentence(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.npz"
    if what == "too long":
        path = tmp_path / ("x" * 300 + "x.npz")
    elif what == "folder":
        path.mkdir()
    elif what == "no zip":
        path.write_bytes(b"PK\x03\x04no")
    elif what in ("lacking", "encrypted"):
        data = bytearray(npz(tmp_path, **{"a" if what == "encrypted" else "b": header("(1,)") + bytes(8)}).read_bytes())
        if what == "encrypted":
            data[6] |= 1
            data[data.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(data)
    with pytest.raises(DataError, match=r"x\.npz"):
        read_arrays(path, ["a"])


def damaged(data: bytes) -> list[bytes]:
    rng = np.random.default_rng(len(data))
    files = [data[: len(data) * percent // 100] for percent in range(100)]
    for k in range(200):
        copy = bytearray(data)
        near = np.array([data.index(b"PK\x01\x02"), 0, 0, 0])[k % 4]
        for at in near + rng.integers(0, 200 if k % 2 else len(data) - near, int(rng.integers(1, 5))):
            copy[at % len(data)] ^= 1 << int(rng.integers(8))
        files.append(bytes(copy))
    return files


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_damaged_recording_is_read_or_one_sentence(tmp_path: Path, compressed: bool) -> None:
    whole = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(whole, keypoints=np.random.default_rng(0).random((4, 1, 18, 3)), fps=10, width=64, height=48)
    path = tmp_path / "x.npz"
    n_refused = 0
    for data in damaged(whole.getvalue()):
        path.write_bytes(data)
        began = time.monotonic()
        for read in (load_recording, Recording):
            try:
                read(path)
            except DataError as error:
                n_refused += 1
                assert "\n" not in str(error)
        assert time.monotonic() - began < MAX_S
    assert n_refused > 300


def test_closing_twice_is_fine(tmp_path: Path) -> None:
    arrays = Arrays(npz(tmp_path, a=header("(1,)") + bytes(8)))
    arrays.close()
    arrays.close()
