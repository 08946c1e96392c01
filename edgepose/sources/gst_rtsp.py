"""RTSP decoded by the board: rtspsrc, the depayloader of the stream's codec, nvv4l2decoder, nvvidconv."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import SplitResult, unquote, urlunsplit

from edgepose.errors import EdgePoseError, SourceError
from edgepose.sources.gst_reader import JETSON, Caps, Elements, GstReader, Part, add, link, make, output_caps, scaler
from edgepose.sources.options import SourceOptions

JITTER_BUFFER_MS = 100
"""How long packets may be out of order; rtspsrc's own default of 2000 ms would show the past."""

CODECS = {"H264": ("rtph264depay", "h264parse"), "H265": ("rtph265depay", "h265parse")}
"""Depayloader and parser by the stream's RTP encoding name; what nvv4l2decoder decodes of what cameras send."""


class GstRtspReader(GstReader):
    """One stream; the chain behind rtspsrc is built when the server has told the codec.

    why: asked for a better sentence when the stream fails; None when it knows none.
    """

    def __init__(
        self,
        parts: SplitResult,
        label: str,
        options: SourceOptions,
        elements: Elements,
        why: Callable[[], str | None],
    ) -> None:
        self._why = why
        self._tail: list[Part | Caps] = [
            Part(elements.decoder),
            scaler(elements),
            output_caps(options.width, options.height),
        ]
        self._joined = False
        super().__init__([source_part(parts, options)], label, options.open_timeout_s, options.hang_s)

    def _connect(self, chain: Sequence[Part | Caps]) -> None:
        source = make(chain[0])
        self._pipeline.add(source)
        source.connect("pad-added", self._on_pad)

    def _raise_problem(self) -> None:
        try:
            super()._raise_problem()
        except SourceError as error:
            raise SourceError(self._why() or str(error)) from None

    def _on_pad(self, _source: Any, pad: Any) -> None:
        """Called by GStreamer in its own thread: whatever goes wrong is kept for the reader."""
        try:
            self._join(pad)
        except EdgePoseError as error:
            self._problem = error

    def _join(self, pad: Any) -> None:
        told = pad.get_current_caps().get_structure(0)
        if told.get_string("media") != "video" or self._joined:
            return
        encoding = told.get_string("encoding-name")
        if encoding not in CODECS:
            raise SourceError(f"{self._label} sends {encoding}; set the camera to one of {', '.join(CODECS)}")
        self._joined = True
        depayloader, parser = CODECS[encoding]
        elements = add(self._pipeline, [Part(depayloader), Part(parser), *self._tail])
        link([*elements, self._sink])
        for element in elements:
            element.sync_state_with_parent()
        pad.link(elements[0].get_static_pad("sink"))


def source_part(parts: SplitResult, options: SourceOptions) -> Part:
    """rtspsrc; user and password travel as properties of their own, never within an address that could be shown."""
    return Part(
        "rtspsrc",
        {
            "location": urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])),
            "user-id": unquote(parts.username or ""),
            "user-pw": unquote(parts.password or ""),
            "protocols": options.transport,
            "latency": JITTER_BUFFER_MS,
            "drop-on-latency": True,
            "tcp-timeout": int(1e6 * options.open_timeout_s),
        },
    )


def open_rtsp(parts: SplitResult, label: str, options: SourceOptions, why: Callable[[], str | None]) -> GstRtspReader:
    """A network stream decoded by the board."""
    return GstRtspReader(parts, label, options, JETSON, why)
