"""What the threads of one pipeline share: the queues between them and a progress counter each."""

from __future__ import annotations

from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event

from edgepose.health import Trouble
from edgepose.look.preprocess import Letterbox
from edgepose.pipeline.inbox import Inbox
from edgepose.pipeline.pauses import Pauses
from edgepose.types import CameraState, Fields, Frame, FrameResult
from edgepose.workers import BoundedQueue


@dataclass(frozen=True, slots=True, eq=False)
class Inferred:
    """One frame the network has seen.

    letterbox: the way from the network's input back to the picture. The input itself is let go here: a crowd of frames
    under way would otherwise hold megabytes each.
    """

    frame: Frame
    fields: Fields
    letterbox: Letterbox
    timings_ms: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Queues:
    """Capture -> inbox -> infer -> inferred -> group -> results; camera states travel beside them as notices.

    troubles: what is wrong with the picture of each camera, set by its capture thread.
    pauses: the cameras that nobody looks at now.
    progress: loop counter per thread; one that stands still for seconds belongs to a thread that hangs. failed: set
    before all ends when a thread ended by an error.
    """

    inbox: Inbox
    inferred: BoundedQueue[list[Inferred]]
    results: BoundedQueue[FrameResult]
    pauses: Pauses
    notices: SimpleQueue[tuple[str, CameraState]] = field(default_factory=SimpleQueue)
    troubles: dict[str, tuple[Trouble, ...]] = field(default_factory=dict)
    progress: dict[str, int] = field(default_factory=dict)
    failed: Event = field(default_factory=Event)

    def close(self) -> None:
        """Wake every thread; frames that the network has not seen are dropped."""
        self.inbox.close()
        self.inferred.close()
        self.results.close()

    def found_troubles(self) -> list[tuple[str, Trouble]]:
        """Those of all pictures, each with its camera."""
        return [(name, one) for name, troubles in self.troubles.items() for one in troubles]

    def new_states(self) -> list[tuple[str, CameraState]]:
        """Camera states that changed since the last call, without waiting for more."""
        found = []
        while True:
            try:
                found.append(self.notices.get_nowait())
            except Empty:
                return found
