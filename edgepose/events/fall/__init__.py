"""Falls: what happened to each person, from the first suspicion to the end of the episode.

person -> evidence -> episode, joined by `detector`; `looks` asks the network for a second, turned look, `following`
gives ids to plain poses. Bodies, their motion and the way down (`measure`, `motion`, `descent`) are shared with other
rules.
"""

from __future__ import annotations

from edgepose.events.fall.detector import FallDetector

__all__ = ["FallDetector"]
