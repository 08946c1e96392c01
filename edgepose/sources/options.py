"""How a source is opened and how long it may be silent. Light to import: no camera library is touched here."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from edgepose.options import Options

ReaderName = Literal["auto", "av", "opencv", "gstreamer"]


class SourceOptions(Options, frozen=True):
    """Wishes and deadlines of one source.

    Width, height and rate are wishes to a camera; files, folders and network streams come as they are. A width or
    height of 0 and a rate of 0 leave the choice to the camera.
    """

    name: Annotated[str, Meta(description="camera name in results and topics; empty takes it from the address")] = ""
    width: Annotated[int, Meta(ge=0, description="wished picture width in pixels, 0 as it comes")] = 0
    height: Annotated[int, Meta(ge=0, description="wished picture height in pixels, 0 as it comes")] = 0
    fps: Annotated[float, Meta(ge=0, description="wished pictures per second, 0 as it comes")] = 0.0
    reader: Annotated[
        ReaderName,
        Meta(description="who reads videos; auto: OpenCV or PyAV for files, the board's decoder or PyAV for streams"),
    ] = "auto"
    transport: Annotated[Literal["tcp", "udp"], Meta(description="how RTSP pictures travel")] = "tcp"
    require_at_start: Annotated[
        bool, Meta(description="a camera that cannot be opened is an error, instead of tried again for ever")
    ] = True
    open_timeout_s: Annotated[float, Meta(gt=0, description="longest wait for a camera to answer, seconds")] = 10.0
    stall_s: Annotated[
        float, Meta(gt=0, description="seconds without a picture until stalled; at least ten picture periods")
    ] = 5.0
    freeze_s: Annotated[float, Meta(gt=0, description="seconds of identical pictures until stalled")] = 10.0
    hang_s: Annotated[
        float, Meta(gt=0, description="seconds without a picture until the link is given up and opened again")
    ] = 15.0
    offline_s: Annotated[float, Meta(gt=0, description="seconds of failed reconnecting until offline")] = 60.0
    backoff_first_s: Annotated[float, Meta(gt=0, description="first pause before reconnecting, seconds")] = 1.0
    backoff_max_s: Annotated[float, Meta(gt=0, description="longest pause before reconnecting, seconds")] = 30.0
