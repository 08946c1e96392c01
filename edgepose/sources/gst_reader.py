"""Pictures out of GStreamer, for what only the board's own elements can do: CSI cameras and hardware decoding.

A pipeline is built from element factories, typed properties and typed caps; no launch string is ever formatted, so
nothing in an address can become an element. Factory names are values (`Elements`), which lets `videotestsrc` stand in
for the camera where there is no board.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any, ClassVar

import cv2
import numpy as np

from edgepose.errors import EdgePoseError, MissingDependencyError, SourceError
from edgepose.sources.reader import Shot
from edgepose.sources.uri import redact
from edgepose.types import Image

MOMENT_S = 0.2
"""Longest time that one `read` keeps its caller."""

_NS = 1_000_000_000

OUTPUT_FORMAT = "BGRx"
"""What nvvidconv and videoconvert both give; four bytes a pixel, the last unused."""


@dataclass(frozen=True)
class Elements:
    """Names of the element factories that differ between boards; the defaults are a Jetson's.

    memory: caps feature of pictures that stay in the hardware, "" for ordinary memory.
    """

    camera: str = "nvarguscamerasrc"
    decoder: str = "nvv4l2decoder"
    converter: str = "nvvidconv"
    memory: str = "memory:NVMM"


JETSON = Elements()

BILINEAR = 1
"""nvvidconv's `interpolation-method`; its own default, 0, takes the nearest pixel, and no network was trained so."""


@dataclass(frozen=True)
class Part:
    """One element of a chain: its factory and its properties. Strings are read as the property's own type."""

    factory: str
    properties: Mapping[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Caps:
    """A raw picture format agreed between two elements: typed fields, a rate in pictures per second (0 for any)."""

    media: ClassVar[str] = "video/x-raw"
    fields: Mapping[str, str | int] = field(default_factory=dict)
    rate: Fraction = Fraction(0)
    memory: str = ""


@cache
def gstreamer() -> Any:
    """The initialised `Gst` module; MissingDependencyError with the packages to install where there is none."""
    try:
        import gi

        gi.require_version("Gst", "1.0")
        from gi.repository import Gst
    except (ImportError, ValueError) as error:
        raise MissingDependencyError(
            "this source needs GStreamer for Python: sudo apt install python3-gi gir1.2-gstreamer-1.0, in an "
            f"environment that sees the system's packages ({error})"
        ) from None
    Gst.init(None)
    return Gst


def output_caps(width: int, height: int) -> Caps:
    """Pictures in ordinary memory, scaled by the converter where a size is wished (0 as they come)."""
    size = {name: wish for name, wish in (("width", width), ("height", height)) if wish}
    return Caps(fields={"format": OUTPUT_FORMAT, **size})


def scaler(elements: Elements) -> Part:
    """The converter that scales, set to what pictures are scaled with everywhere else where it has the choice."""
    own = elements.converter == JETSON.converter
    return Part(elements.converter, {"interpolation-method": BILINEAR} if own else {})


class GstReader:
    """A running pipeline that ends in an appsink which keeps only the newest picture.

    chain: elements and caps from the source to the last converter. label: how messages call the camera.
    open_timeout_s, read_timeout_s: longest wait for the first and for every other picture.
    Raises SourceError, and MissingDependencyError for lack of an element.
    """

    def __init__(self, chain: Sequence[Part | Caps], label: str, open_timeout_s: float, read_timeout_s: float) -> None:
        Gst = gstreamer()
        self.skipped = 0
        self.period_s = 0.0
        self._label = label
        self._read_timeout_s = read_timeout_s
        self._pipeline = Gst.Pipeline.new(None)
        self._bus = self._pipeline.get_bus()
        self._sink = make(Part("appsink", {"max-buffers": 1, "drop": True, "sync": False}))
        self._pipeline.add(self._sink)
        self._problem: EdgePoseError | None = None
        try:
            self._connect(chain)
            self._pipeline.set_state(Gst.State.PLAYING)
        except BaseException:
            self.close()
            raise
        self._patience_s = open_timeout_s
        self._silent_since = time.monotonic()

    def read(self) -> Shot | None:
        """The newest picture, None after a moment without one, so that who wants to close need not wait longer."""
        sample = self._sink.emit("try-pull-sample", int(MOMENT_S * _NS))
        if sample is None:
            self._raise_problem()
            return None
        self._patience_s = self._read_timeout_s
        self._silent_since = time.monotonic()
        return self._shot(sample)

    def close(self) -> None:
        """Stop the pipeline; a camera daemon that still holds a client may refuse the next one."""
        self._pipeline.set_state(gstreamer().State.NULL)

    def _connect(self, chain: Sequence[Part | Caps]) -> None:
        """Join the whole chain to the sink at once."""
        link([*add(self._pipeline, chain), self._sink])

    def _raise_problem(self) -> None:
        Gst = gstreamer()
        if self._problem is not None:
            raise self._problem
        message = self._bus.pop_filtered(Gst.MessageType.ERROR)
        if message is not None:
            error, _ = message.parse_error()
            raise SourceError(f"{self._label}: {redact(error.message).rstrip('.')}")
        if self._sink.get_property("eos"):
            raise EOFError
        if time.monotonic() - self._silent_since > self._patience_s:
            raise SourceError(f"{self._label} gave no picture for {self._patience_s:g} s; is it connected and on?")

    def _shot(self, sample: Any) -> Shot:
        caps = sample.get_caps().get_structure(0)
        has_rate, numerator, denominator = caps.get_fraction("framerate")
        if has_rate and numerator:
            self.period_s = denominator / numerator
        buffer = sample.get_buffer()
        data = buffer.extract_dup(0, buffer.get_size())
        image = picture(data, caps.get_int("width")[1], caps.get_int("height")[1])
        return Shot(image, None if buffer.pts == gstreamer().CLOCK_TIME_NONE else buffer.pts / _NS)


def picture(data: bytes, width: int, height: int) -> Image:
    """BGRx bytes, whose rows may be padded, as uint8 (H, W, 3) BGR."""
    rows = np.frombuffer(data, np.uint8).reshape(height, -1)[:, : 4 * width]
    return np.asarray(cv2.cvtColor(rows.reshape(height, width, 4), cv2.COLOR_BGRA2BGR), np.uint8)


def make(part: Part | Caps) -> Any:
    """An element, with its properties set through their own types. MissingDependencyError when there is none."""
    Gst = gstreamer()
    if isinstance(part, Caps):
        element = make(Part("capsfilter"))
        element.set_property("caps", _gst_caps(part))
        return element
    element = Gst.ElementFactory.make(part.factory, None)
    if element is None:
        raise MissingDependencyError(
            f"GStreamer has no element '{part.factory}' here; the nv... elements come with JetPack's multimedia "
            "packages, the others with gstreamer1.0-plugins-good and -bad"
        )
    for name, value in part.properties.items():
        if isinstance(value, str) and element.find_property(name).value_type.name != "gchararray":
            Gst.util_set_object_arg(element, name, value)  # an enumeration or flags by nickname
        else:
            element.set_property(name, value)
    return element


def add(pipeline: Any, chain: Sequence[Part | Caps]) -> list[Any]:
    """The chain's elements, made and added to a pipeline."""
    elements = [make(part) for part in chain]
    for element in elements:
        pipeline.add(element)
    return elements


def link(elements: Sequence[Any]) -> None:
    """Join elements in order; SourceError when two of them have no format in common."""
    for first, second in pairwise(elements):
        if not first.link(second):
            raise SourceError(
                f"GStreamer cannot join {first.get_factory().get_name()} to {second.get_factory().get_name()}; "
                "wish another picture size or rate"
            )


def _gst_caps(caps: Caps) -> Any:
    Gst = gstreamer()
    made = Gst.Caps.new_empty_simple(caps.media)
    if caps.rate:
        # PyGObject alone cannot make a GstFraction, so this one field is read from two integers.
        made = Gst.Caps.from_string(f"{caps.media}, framerate=(fraction){caps.rate.numerator}/{caps.rate.denominator}")
    for name, value in caps.fields.items():
        made.set_value(name, value)
    if caps.memory:
        made.set_features(0, Gst.CapsFeatures.new_single(caps.memory))
    return made
