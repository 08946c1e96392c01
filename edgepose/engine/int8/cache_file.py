"""The calibration cache of TensorRT <= 10: a text file of one scale per tensor, also written by TAO (`cal.bin`).

First line `TRT-<number>-<algorithm>`, then `tensor: <8 hexadecimal digits>`, the IEEE-754 bits of amax / 127. TensorRT
ignores a cache whose first line is not its own, so the line is rewritten for the version at hand when it is offered.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgepose.engine.int8.quantise import INT8_MAX
from edgepose.engine.onnx.queries import consumers, convolutions
from edgepose.errors import ModelError

_log = logging.getLogger(__name__)

ENTROPY, MINMAX = "EntropyCalibration2", "MinMaxCalibration"
_HEADER = re.compile(r"TRT-(\d+)-(EntropyCalibration2|MinMaxCalibration|EntropyCalibration|LegacyCalibration)")
_MIN_KNOWN = 0.9
"""Share of the convolutions' inputs that a cache must name to be taken for this model's."""


def header(version: str, algorithm: str = ENTROPY) -> str:
    """First line for a TensorRT version: 8.6.1 gives TRT-8601, 10.3.0 gives TRT-100300 (the latter is inferred)."""
    major, minor, patch = ([int(part) for part in re.findall(r"\d+", version)] + [0, 0, 0])[:3]
    number = major * (1000 if major < 10 else 10000) + minor * 100 + patch
    return f"TRT-{number}-{algorithm}"


def cache_text(amax: Mapping[str, float], version: str = "8.6.1", algorithm: str = ENTROPY) -> str:
    """The whole file. amax: range of each tensor."""
    lines = [f"{name}: {struct.pack('>f', value / INT8_MAX).hex()}" for name, value in amax.items()]
    return "\n".join([header(version, algorithm), *lines]) + "\n"


def read_cache(path: Path) -> dict[str, float]:
    """Range amax of each tensor; ModelError when the file is missing, cut off or no calibration cache."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ModelError(f"cannot read calibration cache '{path}': {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise ModelError(f"'{path}' is no calibration cache: it is not text; make one: edgepose calibrate") from None
    lines = text.splitlines()
    if not lines or not _HEADER.fullmatch(lines[0].strip()):
        raise ModelError(f"'{path}' is no calibration cache: wanted a first line like TRT-8601-EntropyCalibration2")
    amax = {}
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        name, _, digits = line.rpartition(":")
        if not name or not re.fullmatch(r"[0-9a-fA-F]{8}", digits.strip()):
            raise ModelError(
                f"calibration cache '{path}' is cut off or damaged at line {number} ({line[:40]!r}); calibrate again"
            )
        scale = struct.unpack(">f", bytes.fromhex(digits.strip()))[0]
        if not 0 <= scale < float("inf"):
            raise ModelError(f"calibration cache '{path}' has no usable scale at line {number}; calibrate again")
        amax[name] = scale * INT8_MAX
    if not amax:
        raise ModelError(f"calibration cache '{path}' names no tensors; calibrate again")
    return amax


def check_cache(amax: Mapping[str, float], model: Any, path: Path) -> None:
    """ModelError unless the cache is whole and names nearly all tensors that the model's convolutions read.

    One that was cut at the end of a line looks whole; the report that calibration wrote beside it tells. Without a
    report, what is missing is said in a warning: TAO's caches may lack tensors that TensorRT fused away.
    """
    told = _told_by_report(path)
    if told and told != hashlib.sha256(path.read_bytes()).hexdigest():
        raise ModelError(
            f"calibration cache '{path}' is not the one that its report beside it was written with (cut off or "
            "changed since); calibrate again"
        )
    wanted = {conv.input[0] for conv in convolutions(model)}
    known = len(wanted & set(amax))
    if known < _MIN_KNOWN * len(wanted):
        raise ModelError(
            f"calibration cache '{path}' belongs to another model: it names {known} of {len(wanted)} tensors that this "
            "one quantises; calibrate this model, and build the .onnx that calibration wrote beside the cache"
        )
    if known < len(wanted):
        _log.warning(
            "calibration cache '%s' has no range for %d of %d tensors, whose layers will not run in INT8; if it was "
            "cut off, calibrate again",
            path,
            len(wanted) - known,
            len(wanted),
        )


def _told_by_report(path: Path) -> str:
    """SHA-256 of the cache that `edgepose calibrate` wrote here with a model that passed; empty where unknown."""
    try:
        report = json.loads(path.with_suffix(".report.json").read_bytes())
        verdict = report["verdict"]
        return str(report["cache_sha256"]) if verdict["passed"] or verdict["accepted_anyway"] else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def complete(amax: Mapping[str, float], model: Any) -> dict[str, float]:
    """Ranges for the tensors in between too: what feeds a ReLU, ELU or Clip has the range of what comes out.

    Values below the range are cut by the activation anyway, and TensorRT runs a layer in INT8 only when it has a range
    for what goes in and what comes out.
    """
    ranges, readers = dict(amax), consumers(model)
    for node in reversed(model.graph.node):
        after = readers.get(node.output[0], [])
        if len(after) == 1 and after[0].op_type in ("Relu", "Elu", "Clip") and after[0].output[0] in ranges:
            ranges.setdefault(node.output[0], ranges[after[0].output[0]])
    return ranges
