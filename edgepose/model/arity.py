"""How many inputs each ONNX operation needs at least, in any version of it: one with fewer ends some runtimes' process.

From the schemas of onnx 1.23 (`onnx.defs.get_all_schemas_with_history`); an operation not listed needs one.
"""

from __future__ import annotations

_LISTED = {
    0: "Constant Optional OptionalHasElement RandomNormal RandomUniform SequenceEmpty",
    2: "Add And BitShift BitwiseAnd BitwiseOr BitwiseXor CastLike CenterCropPad Compress Conv ConvInteger "
    "ConvTranspose CumProd CumSum DequantizeLinear Div Equal Expand Gather GatherElements GatherND Gemm Greater "
    "GreaterOrEqual GridSample LayerNormalization Less LessOrEqual MatMul MatMulInteger MaxRoiPool MaxUnpool Mod Mul "
    "NonMaxSuppression Or PRelu Pow QuantizeLinear RMSNormalization ReverseSequence STFT SequenceAt SequenceInsert Sub "
    "Tile Xor",
    3: "Attention Col2Im DeformConv GRU GroupNormalization InstanceNormalization LSTM OneHot RNN Range RoiAlign "
    "Scatter ScatterElements ScatterND Where",
    5: "BatchNormalization",
    8: "QLinearConv QLinearMatMul",
}
_LEAST = {name: n for n, names in _LISTED.items() for name in names.split()}


def lacks_inputs(op_type: str, inputs: tuple[str, ...]) -> bool:
    """Whether an operation has fewer inputs than it can do with; one without a name is none."""
    least = _LEAST.get(op_type, 1)
    return len(inputs) < least or not all(inputs[:least])
