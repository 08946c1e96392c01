"""The plain form that measuring, quantising and building work on: one Conv node per convolution, bias inside.

Exporters leave the bias as a separate Add, batch normalisation as its own node, weights as Constant nodes.
"""

from __future__ import annotations

from typing import Any

from edgepose.engine.onnx.constants import constants_to_initialisers, stored_casts_to_initialisers
from edgepose.engine.onnx.edit import copied, drop_unused_initialisers
from edgepose.engine.onnx.fold import fold_batch_norm, fold_bias
from edgepose.engine.onnx.identities import drop_identities
from edgepose.engine.onnx.opset import MAX_IR, MAX_OPSET, opset_of


def plain(model: Any) -> Any:
    """The same network with Constants as initialisers, batch norm and bias folded into Conv, and no inner Identity."""
    model = copied(model)
    if opset_of(model) <= MAX_OPSET:
        model.ir_version = min(model.ir_version, MAX_IR)
    constants_to_initialisers(model)
    stored_casts_to_initialisers(model)
    fold_batch_norm(model)
    fold_bias(model)
    drop_identities(model)
    drop_unused_initialisers(model)
    return model
