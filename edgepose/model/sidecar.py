"""The sidecar: `pose.json` beside `pose.onnx`, a ModelSpec as JSON, checked against the graph whenever it is read."""

from __future__ import annotations

import difflib
import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edgepose.errors import ModelError
from edgepose.files import ORDINARY, write_atomically
from edgepose.model.admit import admitted
from edgepose.model.graph import Graph, Port
from edgepose.model.limits import check_size
from edgepose.model.presets import recognise
from edgepose.model.shipped import no_model
from edgepose.model.spec import Layout, ModelSpec, OutputSpec, check_spec

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Contract:
    """A model's contract and how it became known.

    graph: None for files that are not ONNX (an engine). origin: the sidecar's path or the preset's name. assumed:
    sentences, empty when a sidecar settles everything.
    """

    spec: ModelSpec
    graph: Graph | None
    origin: str
    assumed: tuple[str, ...] = ()


def sidecar_path(model: str | Path) -> Path:
    """Where the sidecar of a model lies: same name, ending .json."""
    return Path(model).with_suffix(".json")


def load_spec(model: str | Path) -> ModelSpec:
    """The contract of a model file: its sidecar's, else that of the preset it is recognised as, else ModelError."""
    contract = read_contract(model)
    for sentence in contract.assumed:
        _log.info("%s: assumed %s", model, sentence)
    return contract.spec


def save_spec(spec: ModelSpec, model: str | Path) -> Path:
    """Write the sidecar beside a model; returns its path. FileError where that folder cannot be written to."""
    path = sidecar_path(model)
    content = {key: value for key, value in msgspec.to_builtins(spec).items() if (key, value) != ("keypoints", None)}
    write_atomically(path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n", ORDINARY)
    return path


def read_contract(model: str | Path, preset: str | None = None) -> Contract:
    """The contract of a model file and where it is from.

    preset: a key of PRESETS to use instead of sidecar and recognition. Raises ModelError when the file is missing or
    no model, when no sidecar or preset fits, and when sidecar and graph contradict each other.
    """
    model = Path(model)
    is_onnx = model.suffix not in (".engine", ".npz")
    if not is_onnx and not model.is_file():
        raise no_model(model)
    graph = admitted(model) if is_onnx else None
    sidecar = sidecar_path(model)
    if preset is None and sidecar.is_file():
        spec = read_sidecar(sidecar)
        if graph is not None:
            check_against(spec, graph, sidecar)
        return Contract(spec, graph, str(sidecar))
    if graph is None:
        raise ModelError(f"{model} has no sidecar {sidecar.name} beside it, and only an ONNX graph can do without")
    recognition = recognise(graph, model.name, preset)
    check_spec(recognition.spec)
    check_size(recognition.spec.input_hw, f"the input of {model}", recognition.spec.batch)
    spec = msgspec.structs.replace(recognition.spec, name=model.stem)
    return Contract(spec, graph, f"preset {recognition.preset}", recognition.assumed)


def read_sidecar(path: Path) -> ModelSpec:
    """Read one sidecar file; ModelError naming the key and the nearest known one when it cannot be used."""
    try:
        spec = msgspec.json.decode(path.read_bytes(), type=ModelSpec)
    except msgspec.ValidationError as error:
        words = "".join(letter if letter.isprintable() else "?" for letter in str(error))  # a key may hold anything
        raise ModelError(f"sidecar {path}: {_with_nearest_key(words)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"sidecar {path} is not JSON ({error}); correct it or delete it") from None
    except OSError as error:
        raise ModelError(f"sidecar {path} cannot be read: {error.strerror}") from None
    check_spec(spec)
    check_size(spec.input_hw, f"sidecar {path}: input_hw", spec.batch)
    return spec


def check_against(spec: ModelSpec, graph: Graph, sidecar: Path) -> None:
    """ModelError, quoting both, where a sidecar and its graph cannot both be right."""

    def contradict(says: str, has: str) -> ModelError:
        return ModelError(
            f"sidecar {sidecar} contradicts its model: it says {says}, the graph has {has}; correct the sidecar, or "
            "delete it and run: edgepose model check --write"
        )

    picture = _port(spec.input_name, graph.inputs)
    if picture is None:
        raise contradict(f"input_name {spec.input_name!r}", _names(graph.inputs))
    wanted = {1 if spec.input_layout == "NCHW" else 3: 3}
    if not spec.dynamic_size:
        wanted |= dict(zip(_plane(spec.input_layout), spec.input_hw, strict=True))
    if not _fits(picture, wanted):
        size = "" if spec.dynamic_size else f" of {spec.input_hw[0]}x{spec.input_hw[1]}"
        raise contradict(f"a three-channel {spec.input_layout} picture{size}", str(picture))
    if spec.dynamic_size and any(
        picture.shape[axis] is not None for axis in _plane(spec.input_layout) if picture.shape
    ):
        raise contradict("dynamic_size true", str(picture))
    if spec.dynamic_batch and picture.shape and picture.shape[0] is not None:
        raise contradict("dynamic_batch true", str(picture))
    if not spec.dynamic_batch and picture.shape and picture.shape[0] not in (None, spec.batch):
        raise contradict(f"batch {spec.batch}", str(picture))
    skeleton = spec.keypoint_skeleton
    for key, output, least, most in (
        ("heatmaps", spec.heatmaps, skeleton.n_keypoints, None),
        ("pafs", spec.pafs, skeleton.n_pafs, skeleton.n_pafs),
    ):
        port = _port(output.name, graph.outputs)
        if port is None:
            raise contradict(f"{key}.name {output.name!r}", _names(graph.outputs))
        channels = _channels(port, output)
        if channels is not None and (channels < least or (most is not None and channels != most)):
            words = f"{key} of skeleton {skeleton.name} ({least} channels, {output.layout}{_slice(output)})"
            raise contradict(words, str(port))
        if not _stride_fits(output, port, picture, spec):
            raise contradict(f"{key}.stride {output.stride:g}", f"{port} for an input {picture}")


def _port(name: str, ports: tuple[Port, ...]) -> Port | None:
    return next((port for port in ports if port.name == name), None)


def _names(ports: tuple[Port, ...]) -> str:
    return ", ".join(repr(port.name) for port in ports)


def _plane(layout: Layout) -> tuple[int, int]:
    """The axes of height and width."""
    return (2, 3) if layout == "NCHW" else (1, 2)


def _fits(port: Port, wanted: dict[int, int]) -> bool:
    """Whether the recorded sizes agree with the wanted ones; a free axis agrees with everything."""
    if not port.shape:
        return True
    return len(port.shape) == 4 and all(port.shape[axis] in (None, size) for axis, size in wanted.items())


def _channels(port: Port, output: OutputSpec) -> int | None:
    """Channels that this output gives, 0 when its slice lies outside the tensor; None when the graph does not tell."""
    if output.channels is not None:
        first, last = output.channels
    if not port.shape:
        return None if output.channels is None else last - first
    if len(port.shape) != 4:
        return 0
    held = port.shape[1 if output.layout == "NCHW" else 3]
    if output.channels is None:
        return held
    return 0 if held is not None and last > held else last - first


def _slice(output: OutputSpec) -> str:
    return "" if output.channels is None else f", channels {output.channels[0]} to {output.channels[1]}"


def _stride_fits(output: OutputSpec, port: Port, picture: Port, spec: ModelSpec) -> bool:
    for i in range(2):
        cells = port.shape[_plane(output.layout)[i]] if port.shape else None
        pixels = picture.shape[_plane(spec.input_layout)[i]] if picture.shape else None
        if cells is not None and pixels is not None and abs(cells * output.stride - pixels) >= output.stride:
            return False
    return True


def _with_nearest_key(message: str) -> str:
    """Add the nearest known key to msgspec's words about an unknown one."""
    if "unknown field" not in message:
        return message
    word = message.split("`")[1]
    nearest = difflib.get_close_matches(word, [*ModelSpec.__struct_fields__, *OutputSpec.__struct_fields__], n=1)
    return f"{message}; did you mean {nearest[0]!r}?" if nearest else message
