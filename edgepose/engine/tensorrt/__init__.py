"""TensorRT engines: what this TensorRT can do, FP16 graphs, building, and the store that keeps engines fresh."""
