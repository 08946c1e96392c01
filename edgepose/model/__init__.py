"""What a model file means: its graph's own words, the published contracts, the sidecar that settles the rest.

graph.py reads names and shapes from an ONNX file (wire.py its bytes, contents.py its nodes); admit.py is what each file
passes before a runtime opens it, with limits.py and weights.py. presets.py recognises the published networks by their
outputs (outputs.py) and foreign.py names those that cannot run. sidecar.py reads and writes `pose.json` beside
`pose.onnx`, spec.py is the ModelSpec that all other stages read, shipped.py knows the networks that come with EdgePose.
"""

from edgepose.model.admit import admitted
from edgepose.model.graph import Graph, Port, read_graph
from edgepose.model.presets import PRESETS, recognise
from edgepose.model.shipped import model_path, shipped_model, shipped_models
from edgepose.model.sidecar import Contract, load_spec, read_contract, save_spec, sidecar_path
from edgepose.model.spec import Kernel, Layout, ModelSpec, OutputSpec
from edgepose.model.weights import model_sha256, weight_files

__all__ = [
    "PRESETS",
    "Contract",
    "Graph",
    "Kernel",
    "Layout",
    "ModelSpec",
    "OutputSpec",
    "Port",
    "admitted",
    "load_spec",
    "model_path",
    "model_sha256",
    "read_contract",
    "read_graph",
    "recognise",
    "save_spec",
    "shipped_model",
    "shipped_models",
    "sidecar_path",
    "weight_files",
]
