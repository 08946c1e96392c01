"""Graph edits on ONNX files, one idea a file; each takes a ModelProto and changes no result.

load: file -> ModelProto that a step can work on, with float_ends (float32 in and out) and opset (between versions of
the operator set, with older_forms). plain: the form that measuring, quantising and building work on, made of
constants, fold and identities. strip takes Q/DQ out again, unshare gives layers tensors of their own, half makes FP16
for TensorRT 11 with small_scales, outputs gives inner tensors out,
tail is the part behind Q/DQ. bias, edit, names and queries are what the edits
are made of; package asks for onnx.
"""
