"""Names and graph edits of ONNX files, each a step of its own: what calibration and engine builds work on."""
