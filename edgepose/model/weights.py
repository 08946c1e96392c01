"""Weights that lie in a file of their own (`pose.onnx.data`): found, checked before any runtime opens them, and hashed.

A graph above 2 GB has to be stored like that, and PyTorch does it for smaller ones too. Such a graph names a file and
a place in it, and whoever made the graph chose both: a name may lead anywhere on the disk. Here it may only be a plain
file beside the graph. Old runtimes follow "../" and links, so nothing is left to them.
"""

from __future__ import annotations

import math
import stat
from pathlib import Path

from edgepose.errors import ModelError
from edgepose.files import sha256_of
from edgepose.model.contents import ExternalTensor
from edgepose.model.graph import Graph, read_graph

_BYTES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 14: 8, 15: 16, 16: 2}
"""Bytes of an element, by onnx.TensorProto.DataType; types not listed are not measured."""


def weight_files(model: str | Path, graph: Graph | None = None) -> tuple[Path, ...]:
    """The files beside an ONNX model that hold weights of it, by name; empty where it is one file.

    ModelError, in one sentence that names the file, where one is missing, too short, a link, or not beside the model.
    """
    model = Path(model)
    if graph is None:
        graph = read_graph(model)
    sizes: dict[str, int] = {}
    for tensor in graph.contents.external:
        name = tensor.location.removeprefix("./")
        if name in ("", ".", "..") or set(name) & set("/\\\0"):
            raise ModelError(
                f"model {model} keeps the weights {tensor.name!r} in {tensor.location!r}; they may only lie in a file "
                "beside it: export it again as one file, or with its weights in the same folder"
            )
        if name not in sizes:
            sizes[name] = _size_of(model, name)
        _check_place(model, tensor, name, sizes[name])
    return tuple(model.with_name(name) for name in sorted(sizes))


def model_sha256(model: str | Path) -> str:
    """Digest of a model, in hexadecimal: the file's own, or one of the graph and all weights that lie beside it.

    Raises ModelError as `weight_files` does, FileError where a file cannot be read.
    """
    model = Path(model)
    files = weight_files(model) if model.suffix == ".onnx" else ()
    if not files:
        return sha256_of(model)
    from hashlib import sha256  # loads OpenSSL, 4 MB

    parts = [sha256_of(model), *(f"{file.name} {sha256_of(file)}" for file in files)]
    return sha256("\n".join(parts).encode()).hexdigest()


def _size_of(model: Path, name: str) -> int:
    path = model.with_name(name)
    try:
        facts = path.lstat()
    except OSError:
        raise ModelError(
            f"model {model} keeps its weights in {name}, which is not beside it; copy that file there too, or export "
            "the model again as one file"
        ) from None
    if not stat.S_ISREG(facts.st_mode):
        what = "a link" if stat.S_ISLNK(facts.st_mode) else "no plain file"
        raise ModelError(f"model {model} keeps its weights in {name}, which is {what}; put the file itself there")
    return facts.st_size


def _check_place(model: Path, tensor: ExternalTensor, name: str, size: int) -> None:
    damaged = ModelError(
        f"model {model}: {name} ({size} bytes) does not hold the weights {tensor.name!r} at the place that the graph "
        "names; the two do not belong together or one is cut short: copy or export both again"
    )
    try:
        offset = int(tensor.offset)
        length = size - offset if tensor.length is None else int(tensor.length)
    except ValueError:
        raise damaged from None
    wanted = _BYTES.get(tensor.data_type, 0) * math.prod(tensor.dims)
    if offset < 0 or length < 0 or offset + length > size or min(tensor.dims, default=0) < 0 or length < wanted:
        raise damaged
