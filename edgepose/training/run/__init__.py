"""A training run: its configuration, loop, losses, schedule, and what it tells."""
