"""Faults that an alert has to survive, run with real processes and real brokers on the loopback: see __main__."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))  # for real_broker
