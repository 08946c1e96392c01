"""Video files and network streams through PyAV: exact presentation times, and deadlines for a silent peer.

Protocols and file formats are allow-listed, so that a playlist or a forged name cannot make FFmpeg open other
addresses. Two decoding threads at most: each holds pictures of its own.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from edgepose.errors import SourceError
from edgepose.sources.options import SourceOptions
from edgepose.sources.reader import Shot
from edgepose.sources.uri import redact

FILE_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,m4v,mjpeg,ogg,flv,asf,ivf,av1,obu,"
    "yuv4mpegpipe,gif,nut,mxf,dv,rm,wtv"
)
"""Containers that hold pictures of their own; playlists (hls, concat, dash) are left out."""

MAX_DAMAGED = 300
"""Packets in a row that may fail to decode before a stream counts as broken; 10 s of a 30 fps camera."""


class AvReader:
    """One video stream opened with PyAV.

    location: what FFmpeg opens. label: how messages call it. av_options: FFmpeg's own options (protocol and format
    lists, transport). timeout_s: (opening, one read), for streams. Raises SourceError in one sentence.
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
        self._label = label
        try:
            self._container = av.open(location, options=dict(av_options), timeout=timeout_s)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise SourceError(f"cannot read {label}: {reason(error)}") from None
        if not self._container.streams.video:
            self._container.close()
            raise SourceError(f"cannot read {label}: it holds no pictures; give a video")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "SLICE"
        self._stream.codec_context.thread_count = 2
        rate = self._stream.average_rate or self._stream.base_rate
        self.period_s = float(1 / rate) if rate else 0.0
        self._start = self._stream.start_time or 0
        self._reformatter = VideoReformatter()
        self._frames = self._decode()

    @property
    def duration_s(self) -> float | None:
        """Length that the file's header claims, seconds; None where it claims none."""
        stream, claims = self._stream, []
        if stream.frames:
            claims.append(stream.frames * self.period_s)  # FFmpeg shortens the duration of a cut AVI, not this
        if stream.duration and stream.time_base:
            claims.append(float(stream.duration * stream.time_base))
        elif self._container.duration:
            claims.append(self._container.duration / av.time_base)
        return max(claims, default=None)

    def read(self) -> Shot:
        try:
            frame = next(self._frames)
        except StopIteration:
            raise EOFError from None
        except (av.FFmpegError, OSError) as error:
            raise SourceError(f"{self._label} broke off: {reason(error)}") from None
        image = np.asarray(self._reformatter.reformat(frame, format="bgr24").to_ndarray(), np.uint8)
        if frame.rotation:  # a telephone held upright records lying pictures and says so
            image = np.ascontiguousarray(np.rot90(image, frame.rotation // 90))
        pts = (
            None if frame.pts is None or frame.time_base is None else float((frame.pts - self._start) * frame.time_base)
        )
        return Shot(image, pts)

    def close(self) -> None:
        self._frames.close()
        self._container.close()

    def _decode(self) -> Generator[VideoFrame, None, None]:
        damaged = 0
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                self.skipped, damaged = self.skipped + 1, damaged + 1
                if damaged > MAX_DAMAGED:
                    raise
                continue
            damaged = 0
            yield from frames


def open_file(path: str, label: str) -> AvReader:
    """A local video file; nothing but local files and plain containers is opened, whatever the file says."""
    lists = {"protocol_whitelist": "file", "format_whitelist": FILE_FORMATS}
    return AvReader(f"file:{path}", label, av_options=lists)


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
