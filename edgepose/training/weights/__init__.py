"""Weights: where a network starts, how it is kept, averaged and exported."""
