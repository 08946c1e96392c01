"""What a calibration did and found, as one JSON document; the page beside it shows the same."""

from __future__ import annotations

import msgspec

from edgepose.engine.int8.gate import Parity, Verdict
from edgepose.engine.int8.options import QuantiseOptions
from edgepose.files import encodable
from edgepose.options import Options


class PictureCounts(Options, frozen=True):
    """How many files were looked at, left out and why, used to calibrate, and kept to judge."""

    found: int
    unreadable: int
    blank: int
    duplicates: int
    calibrate: int
    judge: int
    with_people: float


class LayerRow(Options, frozen=True):
    """One convolution. share: of the network's cost in floating point. amax: range of its input. layer_error: relative
    error of its output by itself; output_error: of the network's worse output when only it is INT8; None where not
    measured.
    """

    name: str
    share: float
    amax: float
    layer_error: float | None
    output_error: float | None
    int8: bool


class CalibrationReport(Options, frozen=True):
    """`OUT.report.json`. Hashes are SHA-256 in hexadecimal.

    size_ratio: bytes of the INT8 file per byte of the network in float32. fine_tuned: the weights were trained after
    the layers were judged by themselves.
    """

    edgepose: str
    model: str
    model_sha256: str
    int8_sha256: str
    cache_sha256: str
    size_ratio: float
    input_hw: tuple[int, int]
    options: QuantiseOptions
    pictures: PictureCounts
    layers: tuple[LayerRow, ...]
    parity: Parity
    verdict: Verdict
    seconds: float
    picture_sha256: tuple[str, ...]
    fine_tuned: bool = False

    def to_json(self) -> bytes:
        """Indented JSON; bytes of file names that are no UTF-8 stand there as `\\xNN`."""
        return msgspec.json.format(msgspec.json.encode(encodable(msgspec.to_builtins(self))), indent=2) + b"\n"
