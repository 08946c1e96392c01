"""Replay puts recorded people through tracking and the rules again, and judges falls against labels.

Recordings are the lines of the jsonl publisher, or NPZ files of keypoints. No picture and no network is needed.
"""

from edgepose.replay.recording import Recording, load_recording
from edgepose.replay.rules import ALL_RULES, Spell, Told, replay, verdict

__all__ = ["ALL_RULES", "Recording", "Spell", "Told", "load_recording", "replay", "verdict"]
