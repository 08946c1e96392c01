"""The pipeline joins the stages: frames in, tracks and events out. The only place where stages meet.

`Network` is preprocessing, inference and grouping of one model; `Scene` is the tracker and the rules of one camera.
`Analyser` runs both in a plain loop for a host program's own frames, `Pipeline` runs them on three kinds of threads
(capture, infer, group) and carries the results out.
"""

from __future__ import annotations

from edgepose.pipeline.analyser import Analyser
from edgepose.pipeline.pipeline import Pipeline

__all__ = ["Analyser", "Pipeline"]
