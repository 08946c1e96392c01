"""Pictures of every kind, made from one small scene."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import cv2
import numpy as np

WH = (64, 48)


def scene(seed: int = 0) -> np.ndarray:
    """uint8 (48, 64, 3): smooth colours, brightest at the top left."""
    image = cv2.resize(np.random.default_rng(seed).integers(0, 120, (6, 8, 3), np.uint8), WH)
    image[:16, :20] = 250
    return image


def encoded(suffix: str, *options: int, image: np.ndarray | None = None) -> bytes:
    done, data = cv2.imencode(suffix, scene() if image is None else image, list(options))
    assert done
    return bytes(data.tobytes())


def exif(orientation: int) -> bytes:
    """A TIFF directory with nothing but an orientation."""
    return b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 274, 3, 1, orientation, 0, 0)


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg_with(segment: bytes) -> bytes:
    """The scene as JPEG with one more segment at its start."""
    data = encoded(".jpg")
    return data[:2] + segment + data[2:]


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(3000))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


def gif_of(frames: list[tuple[int, int]], size_wh: tuple[int, int] = (2, 1)) -> bytes:
    """A GIF of two colours, black and white: a pair of pixels each frame, shown 0.2 s each."""
    screen = struct.pack("<6sHHBBB", b"GIF89a", *size_wh, 0x80, 0, 0) + bytes(3) + b"\xff" * 3
    shown = b""
    for left, right in frames:
        codes = 4 | left << 3 | right << 6 | 5 << 9  # clear, two pixels, end: three bits each
        block = struct.pack("<H", codes)
        shown += b"\x21\xf9\x04\x00\x14\x00\x00\x00" + struct.pack("<BHHHHB", 0x2C, 0, 0, *size_wh, 0)
        shown += b"\x02" + bytes([len(block)]) + block + b"\0"
    return screen + shown + b";"


def box(name: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I", 8 + len(body)) + name + body


def heic(size_wh: tuple[int, int], tile_wh: tuple[int, int], *, turn: int = 0) -> bytes:
    """A HEIC of tiles, as telephones write: its picture (item 2) is a grid of item 1, which is a picture too."""
    properties = [
        box(b"ispe", bytes(4), struct.pack(">II", *tile_wh)),
        box(b"ispe", bytes(4), struct.pack(">II", *size_wh)),
        box(b"irot", bytes([turn])),
    ]
    associations = struct.pack(">IHBB", 2, 1, 1, 1) + struct.pack(">HBBB", 2, 2, 2, 3)
    meta = box(
        b"meta",
        bytes(4),
        box(b"pitm", bytes(4), struct.pack(">H", 2)),
        box(b"iprp", box(b"ipco", *properties), box(b"ipma", bytes(4), associations)),
    )
    return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + meta + box(b"mdat", bytes(100))


def bit_flips(data: bytes, n: int, seed: int) -> list[bytes]:
    """The data with 1 to 4 bits turned over; every second time in its first bytes, where the headers are."""
    rng = np.random.default_rng(seed)
    flipped = []
    for k in range(n):
        copy = bytearray(data)
        for at in rng.integers(0, min(len(data), 64 if k % 2 else len(data)), int(rng.integers(1, 5))):
            copy[at] ^= 1 << int(rng.integers(8))
        flipped.append(bytes(copy))
    return flipped


def close_to(image: Any, wanted: np.ndarray, most: float = 6) -> bool:
    return image.shape == wanted.shape and float(np.abs(image.astype(int) - wanted).mean()) < most
