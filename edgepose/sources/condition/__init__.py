"""Whether a camera sees anything: dark, covered, blurred or moved, from a small grey picture now and then.

Cheap on purpose (under a millisecond of every second), slow on purpose (a person before the lens, a lamp that is
switched or the night's infrared light is none of these), and without a network.
"""

from edgepose.sources.condition.watcher import Watcher

__all__ = ["Watcher"]
