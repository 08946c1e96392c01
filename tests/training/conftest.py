"""Tests of training compute with one thread: small networks gain nothing from more, and a busy machine loses."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
