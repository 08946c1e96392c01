"""Video files and network streams through PyAV: exact presentation times, and deadlines for a silent peer.

Protocols and file formats are allow-listed, so that a playlist or a forged name cannot make FFmpeg open other
addresses. Two decoding threads at most: each holds pictures of its own.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from edgepose.errors import SourceError
from edgepose.sources.display import (
    MAX_PIXELS,
    TooLargeError,
    Turn,
    check_size,
    square_wh,
    turn_of_degrees,
    turn_of_matrix,
    turned,
)
from edgepose.sources.options import SourceOptions
from edgepose.sources.reader import MAX_DAMAGED, Shot, UndecodableError
from edgepose.sources.uri import redact

FILE_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,m4v,mjpeg,ogg,flv,asf,ivf,av1,obu,"
    "yuv4mpegpipe,gif,nut,mxf,dv,rm,wtv"
)
"""Containers that hold pictures of their own; playlists (hls, concat, dash) are left out."""

MAX_BROKEN_READS = 16
"""Times in a row that a file's container may fail to give a packet before the rest is given up."""

_ANY_TITLE: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
"""A title that is not UTF-8 is no reason to refuse a video; PyAV 19 thinks so too."""

_DEFAULT, _ATTACHED_PIC, _TIMED_THUMBNAILS = 0x1, 0x400, 0x800
"""FFmpeg's AV_DISPOSITION_* flags."""

_NO_DISPLAY_TIMES = "avi"
"""The container that stores when a packet is decoded and not when its picture is shown."""


class AvReader:
    """One video stream opened with PyAV: the one a player shows, with square pixels and upright.

    location: what FFmpeg opens. label: how messages call it. av_options: FFmpeg's own options (protocol and format
    lists, transport). timeout_s: (opening, one read), for streams; a file has none, and what is damaged in it is read
    over to its end. Raises SourceError in one sentence.
    """

    def __init__(
        self,
        location: str,
        label: str,
        *,
        av_options: Mapping[str, str],
        timeout_s: tuple[float, float] | None = None,
    ) -> None:
        self.skipped = 0
        self.cut = False
        self._label = label
        self._is_file = timeout_s is None
        try:
            self._container = av.open(location, container_options=dict(av_options), timeout=timeout_s, **_ANY_TITLE)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise SourceError(f"cannot read {label}: {reason(error)}") from None
        try:
            self._open_stream()
        except SourceError:
            self._container.close()
            raise
        self._turn_of: tuple[tuple[int, int], Turn] | None = None
        self._reformatter = VideoReformatter()
        self._frames = self._decode()

    def read(self) -> Shot:
        while True:
            try:
                frame = next(self._frames)
            except StopIteration:
                raise EOFError from None
            except (av.FFmpegError, OSError) as error:
                raise SourceError(f"{self._label} broke off: {reason(error)}") from None
            width, height = square_wh((frame.width, frame.height), self._pixel_aspect)
            try:
                shown = self._reformatter.reformat(frame, width, height, "bgr24")
                image = np.asarray(shown.to_ndarray(), np.uint8)
            except (av.FFmpegError, ValueError):
                self.skipped += 1
                continue
            ticks = frame.dts if self._counts_dts else frame.pts
            pts_s = None if ticks is None or not frame.time_base else float((ticks - self._start) * frame.time_base)
            return Shot(turned(image, self._turn(frame)), pts_s)

    def close(self) -> None:
        self._frames.close()
        self._container.close()

    def _open_stream(self) -> None:
        self._stream = _shown_stream(self._container.streams.video, self._label)
        context = self._stream.codec_context
        if context is None:
            raise UndecodableError(f"cannot read {self._label}: PyAV has no decoder for it")
        rate = self._stream.average_rate or self._stream.base_rate
        self.period_s = float(1 / rate) if rate else 0.0
        self.codec = context.name
        self._counts_dts = self._container.format.name == _NO_DISPLAY_TIMES
        self._start = self._stream.start_time or 0
        self._pixel_aspect = float(self._stream.sample_aspect_ratio or 0)
        check_size(self._label, square_wh((context.width, context.height), self._pixel_aspect))
        self._stream.thread_type = "SLICE"
        context.thread_count = 2
        context.options = {**context.options, "max_pixels": str(MAX_PIXELS)}

    def _turn(self, frame: VideoFrame) -> Turn:
        """How the stream is shown. Its display matrix comes with every picture and is read again with a new size."""
        size_wh = (frame.width, frame.height)
        if self._turn_of is None or self._turn_of[0] != size_wh:
            side: Any = frame.side_data.get("DISPLAYMATRIX")
            turn = turn_of_degrees(-frame.rotation) if side is None else _turn_of_bytes(bytes(side))
            self._turn_of = (size_wh, turn)
        return self._turn_of[1]

    def _decode(self) -> Generator[VideoFrame, None, None]:
        damaged, decoded = 0, False
        for packet in self._packets():
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.skipped, damaged = self.skipped + 1, damaged + 1
                if damaged > MAX_DAMAGED and not (self._is_file and decoded):
                    raise
                continue
            if packet.size:  # the last, empty one only asks for what the decoder still holds
                self.cut = packet.is_corrupt
            if frames:
                damaged, decoded = 0, True
                yield from frames

    def _packets(self) -> Generator[av.Packet[VideoStream], None, None]:
        """Packets of the stream; where a file's container is damaged, those behind the damage."""
        failures = 0
        while True:
            try:
                for packet in self._container.demux(self._stream):
                    failures = 0
                    yield packet
                return
            except av.FFmpegError:
                failures += 1
                if not self._is_file or failures > MAX_BROKEN_READS:
                    raise


def open_file(path: str, label: str, *, fragments: bool = False) -> AvReader:
    """A local video file; nothing but local files and plain containers is opened, whatever the file says.

    fragments: it may be one whose recorder died within a fragment's head, which FFmpeg opens only if it may not seek.
    """
    options = {"protocol_whitelist": "file", "format_whitelist": FILE_FORMATS}
    try:
        return AvReader(f"file:{path}", label, av_options=options)
    except TooLargeError:
        raise
    except SourceError as error:
        if not fragments:
            raise
        with suppress(SourceError):
            return AvReader(f"file:{path}", label, av_options={**options, "seekable": "0"})
        raise error


def open_rtsp(uri: str, label: str, options: SourceOptions) -> AvReader:
    """A network stream, with the least delay that FFmpeg offers."""
    av_options = {
        "protocol_whitelist": "rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto",
        "rtsp_transport": options.transport,
        "fflags": "nobuffer",
        "flags": "low_delay",
    }
    return AvReader(uri, label, av_options=av_options, timeout_s=(options.open_timeout_s, options.hang_s))


def reason(error: Exception) -> str:
    """What went wrong, in words for a person, with credentials taken out."""
    words = redact(str(getattr(error, "strerror", None) or error))
    return words[:1].lower() + words[1:]


def _shown_stream(streams: tuple[VideoStream, ...], label: str) -> VideoStream:
    """The stream a player shows: a default one before others, then the largest, then the first.

    Cover art and chapter thumbnails are no video. Raises SourceError where there is nothing else.
    """
    videos = [stream for stream in streams if not stream.disposition.value & (_ATTACHED_PIC | _TIMED_THUMBNAILS)]
    if not videos:
        what = "only a cover picture" if streams else "no pictures"
        raise SourceError(f"cannot read {label}: it holds {what}; give a video")

    def rank(stream: VideoStream) -> tuple[int, int]:
        area = stream.codec_context.width * stream.codec_context.height if stream.codec_context else 0
        return stream.disposition.value & _DEFAULT, area

    return max(videos, key=rank)


def _turn_of_bytes(matrix: bytes) -> Turn:
    """FFmpeg's display matrix: nine int32, rows (a b u), (c d v), (x y w)."""
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].tolist()
    return turn_of_matrix(a, b, c, d)
