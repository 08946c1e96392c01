"""Prepares a model on the device: INT8 ranges from pictures (`int8/`), TensorRT engines from it (`tensorrt/`)."""
