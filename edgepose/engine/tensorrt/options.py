"""Options of `edgepose build`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from edgepose.options import Options

Precision = Literal["int8", "fp16", "fp32", "best"]


class BuildOptions(Options, frozen=True):
    """How an engine is built."""

    precision: Annotated[
        Precision,
        Meta(description="int8 (needs ranges), fp16, fp32, or best: int8 where the model carries ranges, else fp16."),
    ] = "best"
    max_batch: Annotated[int, Meta(ge=1, description="Most pictures run at once, such as one per camera.")] = 4
    workspace_mb: Annotated[int, Meta(ge=16, description="Memory that TensorRT may use to try kernels, MiB.")] = 1024
    pixels: Annotated[
        bool,
        Meta(description="The engine takes uint8 pictures and normalises them; false for float32, as the model does."),
    ] = True
    dla: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="Deep learning accelerator to run on, 0 or 1; none for the GPU."),
    ] = None
    compute_capability: Annotated[
        str,
        Meta(
            description="TensorRT-RTX only: build for this architecture, such as SM86, on a machine without that GPU."
        ),
    ] = ""
