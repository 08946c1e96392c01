"""Graph edits on ONNX files, one idea a file; each takes a ModelProto and changes no result.

load        file -> ModelProto that a step can work on
opset       between versions of the operator set
plain       the form that measuring, quantising and building work on, made of: constants, fold, identities
bias, outputs, edit, names, queries       what the edits are made of
strip       Q/DQ out again
half, small_scales                        FP16 for TensorRT 11
"""
