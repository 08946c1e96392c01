"""Options of every backend."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from edgepose.options import Options


class BackendOptions(Options, frozen=True):
    """How the network is run."""

    name: Annotated[
        str,
        Meta(
            description="Runtime: auto, cpu (the best one for it), tensorrt, openvino, onnxruntime, replay, or one "
            "that a plugin registers."
        ),
    ] = "auto"
    threads: Annotated[int, Meta(ge=0, description="CPU threads of the runtime; 0 lets it take every core.")] = 0
    precision: Annotated[
        Literal["auto", "f32", "bf16"],
        Meta(
            description="What a CPU computes in: auto is what the runtime finds fastest without visible loss, f32 is "
            "exact, bf16 is faster on CPUs that have it. A TensorRT engine keeps the precision it was built with."
        ),
    ] = "auto"
    engine: Annotated[
        Literal["best", "int8", "fp16", "fp32"],
        Meta(
            description="Precision of the TensorRT engine that a device builds and runs: best is int8 where the model "
            "comes with INT8 ranges and TensorRT takes them, else fp16."
        ),
    ] = "best"
    mapped_memory: Annotated[
        bool,
        Meta(description="TensorRT on a Jetson only: let GPU and CPU share buffers in place of copying between two."),
    ] = False
    wait_ms: Annotated[
        float, Meta(ge=0, description="Replay only: milliseconds that every inference takes, as a GPU's would.")
    ] = 0.0
