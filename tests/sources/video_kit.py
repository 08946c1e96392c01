"""Small videos made by the tests: numbered pictures through PyAV's encoders, and headers patched by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepose.errors import SourceError
from edgepose.sources import SourceOptions
from edgepose.sources.file import FileSource
from edgepose.types import Frame

SIZE_WH = (160, 120)


def numbered(number: int, size_wh: tuple[int, int] = SIZE_WH) -> np.ndarray:
    """A grey picture that says its number, up to 20, by a brightness of 30 + 10 n."""
    return np.full((size_wh[1], size_wh[0], 3), 30 + 10 * number, np.uint8)


def number_of(image: np.ndarray) -> int:
    return round((float(image.mean()) - 30) / 10)


def barred() -> np.ndarray:
    """Black with a white bar along the top that begins at the left edge and does not reach the right one."""
    image = np.zeros((SIZE_WH[1], SIZE_WH[0], 3), np.uint8)
    image[:20, :120] = 255
    return image


def write_video(
    path: Path,
    pictures: list[np.ndarray],
    *,
    codec: str = "mpeg4",
    rate: int = 10,
    sar: Fraction | None = None,
    b_frames: int = 0,
    sound: str = "",
    sound_s: float = 8.0,
    last_s: float = 0.0,
    muxer: dict[str, str] | None = None,
    encoder: dict[str, str] | None = None,
    preview: bool = False,
) -> Path:
    """A video of these pictures, or sound alone where there are none.

    sound: codec of a track of silence. last_s: how long the last picture is shown. preview: a track of pictures a
    quarter as large comes first.
    """
    av = pytest.importorskip("av", reason="writing this video needs PyAV")
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    sizes = ([(40, 30)] if preview else []) + [(picture.shape[1], picture.shape[0]) for picture in pictures[:1]]
    with av.open(str(path), "w", options=muxer or {}) as container:
        streams = []
        for size in sizes:
            try:
                stream = container.add_stream(codec, rate=rate, options=encoder or {})
            except Exception as error:
                pytest.skip(f"this PyAV does not encode {codec}: {error}")
            stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
            if codec in ("mpeg4", "mjpeg", "mpeg2video", "wmv2"):
                stream.codec_context.qmin = stream.codec_context.qmax = 2
            stream.codec_context.max_b_frames = b_frames
            if sar:
                stream.codec_context.sample_aspect_ratio = sar
            streams.append(stream)
        noise = container.add_stream(sound, rate=48000, layout="mono") if sound else None
        for stream in streams:
            packets: list[Any] = []
            for n, picture in enumerate(pictures):
                frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(stream.width, stream.height)
                frame.pts, frame.time_base = n, Fraction(1, rate)
                packets += stream.encode(frame)
            packets += stream.encode()
            if last_s:
                packets[-1].duration = round(last_s / packets[-1].time_base)
            container.mux(packets)
        if noise is not None:
            for second in range(round(sound_s)):
                samples = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.int16), format="s16", layout="mono")
                samples.sample_rate, samples.pts = 48000, 48000 * second
                container.mux(noise.encode(samples))
            container.mux(noise.encode())
    return path


def with_preview(path: Path) -> Path:
    """A video of five pictures whose first track is a preview a quarter as large; both are enabled."""
    write_video(path, [numbered(n) for n in range(5)], preview=True)
    if path.suffix == ".mp4":  # FFmpeg enables the first track alone
        path.write_bytes(patched(path.read_bytes(), b"tkhd", 5, (3).to_bytes(3, "big"), which=1))
    return path


def read_to_the_end(path: Path, reader: str) -> tuple[list[Frame], int, str]:
    """Every frame, how many were skipped, and the sentence it ended with ("" for a plain end)."""
    frames: list[Frame] = []
    source = None
    said = ""
    try:
        source = FileSource(str(path), SourceOptions(reader=reader))
        while (frame := source.read()) is not None:
            frames.append(frame)
    except EOFError:
        pass
    except SourceError as error:
        said = str(error)
        assert "\n" not in said
    finally:
        if source is not None:
            source.close()
    return frames, source.skipped if source else 0, said


def patched(data: bytes, mark: bytes, offset: int, content: bytes, which: int = 0) -> bytes:
    """`data` with `content` written `offset` bytes behind the beginning of a mark, the first one or a later one."""
    place = -1
    for _ in range(which + 1):
        place = data.index(mark, place + 1)
    place += offset
    return data[:place] + content + data[place + len(content) :]
