"""What an engine file is tied to, and whether it may be loaded at all: both are settled before it is deserialised.

TensorRT runs whatever an engine file holds, so a tampered one is somebody else's program. Beside `pose.engine` lies
`pose.engine.json`: the key (what the engine was built from and for), the network's contract, and a seal, an HMAC over
these and the contents with this device's key. Building is in `engine/tensorrt/`; loading checks here.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import msgspec

from edgepose.backends.device_key import device_secret
from edgepose.backends.owned import read_owned
from edgepose.errors import DeviceError, EdgePoseError, ModelError
from edgepose.model import ModelSpec, load_spec, model_sha256
from edgepose.options import Options


class EngineKey(Options, frozen=True):
    """Everything an engine depends on; another value of any of them asks for another engine.

    model_sha256: of the ONNX file. calibration_sha256: of the calibration cache, empty without one. input_hw: (H, W).
    jetpack: release line of the board, empty elsewhere. pixels: built to take uint8 pictures, where TensorRT does.
    """

    model_sha256: str
    tensorrt: str
    gpu: str
    compute_capability: str
    jetpack: str
    precision: str
    input_hw: tuple[int, int]
    max_batch: int
    dla: int | None = None
    calibration_sha256: str = ""
    pixels: bool = False


class EngineSidecar(Options, frozen=True):
    """`pose.engine.json`.

    contract: the network's, which its colours and means are built in by. model: name of the ONNX file that it was built
    from. engine_sha256: of the engine file. seal: HMAC-SHA256 of all of these. seconds: that building took. before:
    the one of the engine that this one takes the place of, so that a cut between the two files' renames leaves each
    engine with its own.
    """

    key: EngineKey
    contract: ModelSpec
    model: str
    engine_sha256: str
    seal: str
    seconds: float = 0.0
    before: EngineSidecar | None = None


class StaleEngineError(DeviceError):
    """An engine that is genuine but was built for something else than what is here now."""


def sidecar_of(engine: Path) -> Path:
    """`pose.engine.json` for `pose.engine`."""
    return engine.with_name(engine.name + ".json")


def differences(built: EngineKey, here: EngineKey) -> str:
    """What changed, in words; empty when both fit."""
    words = []
    for field in EngineKey.__struct_fields__:
        old, new = getattr(built, field), getattr(here, field)
        if old != new:
            name = field.replace("_", " ")
            words.append(
                f"{name} changed" if field.endswith("sha256") else f"{name} {old or 'none'} -> {new or 'none'}"
            )
    return ", ".join(words)


def read_genuine(engine: Path) -> tuple[bytes, EngineSidecar]:
    """Contents and sidecar of an engine that this device built; ModelError for any other file.

    Refused: a link or anything else but a plain file, a file of another owner (root's is fine), one that others may
    write to, one without a sidecar, and one whose contents, key or contract do not fit the seal. Bytes are read once,
    from the opened file that was checked.
    """
    data = read_owned(engine)
    sidecar = read_sidecar(engine)
    digest = hashlib.sha256(data).hexdigest()
    if digest != sidecar.engine_sha256 and sidecar.before is not None and digest == sidecar.before.engine_sha256:
        sidecar = sidecar.before
    if digest != sidecar.engine_sha256:
        raise ModelError(f"engine '{engine}' is not the file that was built (other contents); {_rebuild(engine)}")
    if not hmac.compare_digest(seal(sidecar), sidecar.seal):
        raise ModelError(f"engine '{engine}' was not built on this device, or was changed since; {_rebuild(engine)}")
    return data, sidecar


def read_sidecar(engine: Path) -> EngineSidecar:
    """What the file beside an engine says, its seal unchecked; ModelError where there is none or it is damaged."""
    path = sidecar_of(engine)
    if not path.exists():
        raise ModelError(f"engine '{engine}' has no {path.name}, so nobody can tell who built it; {_rebuild(engine)}")
    try:
        return msgspec.json.decode(read_owned(path), type=EngineSidecar)
    except msgspec.ValidationError as error:
        if "required field `contract`" in str(error):
            words = f"'{engine}' was built by an earlier EdgePose, without its contract"
            raise ModelError(f"{words}; {_rebuild(engine)}") from None
        raise ModelError(f"'{path}' is damaged ({error}); {_rebuild(engine)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"'{path}' is damaged ({error}); {_rebuild(engine)}") from None


def source_changed(sidecar: EngineSidecar, source: Path) -> str:
    """How the ONNX file that an engine was built from differs from what lies there now, in words; empty where it does
    not, or where there is none.
    """
    if not source.is_file():
        return ""
    try:
        if model_sha256(source) != sidecar.key.model_sha256:
            return f"{source.name} changed"
        return "" if load_spec(source) == sidecar.contract else f"the contract of {source.name} changed"
    except EdgePoseError as error:
        return str(error)


def sealed(key: EngineKey, contract: ModelSpec, model: str, data: bytes, seconds: float = 0.0) -> EngineSidecar:
    """The sidecar of an engine that was just built: `data` is its contents."""
    digest = hashlib.sha256(data).hexdigest()
    sidecar = EngineSidecar(key=key, contract=contract, model=model, engine_sha256=digest, seal="", seconds=seconds)
    return msgspec.structs.replace(sidecar, seal=seal(sidecar))


def seal(sidecar: EngineSidecar) -> str:
    """HMAC-SHA256 of key, contract, model and contents with the device's secret, in hexadecimal."""
    told = [sidecar.key, sidecar.contract, sidecar.model, sidecar.engine_sha256]
    return hmac.new(device_secret(), msgspec.json.encode(told, order="sorted"), hashlib.sha256).hexdigest()


def _rebuild(engine: Path) -> str:
    return f"rebuild it with: edgepose build {engine.with_suffix('.onnx').name}"
