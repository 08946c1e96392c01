"""The network that this project trained, its sidecar and its model card. Files only."""
