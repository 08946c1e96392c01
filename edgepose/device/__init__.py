"""The board, and the service on it: what stands around the pipeline where it runs for months."""
