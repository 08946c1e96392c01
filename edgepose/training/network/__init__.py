"""The network: layers, backbones, stages, and the whole of them, judged as it is."""
