"""A picture in, people out: the only chain of prepare, infer, group and frame coordinates.

Pipeline, estimator, evaluation, calibration, validation and second looks all go through it.
"""

from edgepose.look.estimator import PoseEstimator
from edgepose.look.network import Network, Prepared, Preparer
from edgepose.look.preprocess import Letterbox, Preprocessor, input_size, split_fields
from edgepose.look.sight import Seen, Sight

__all__ = [
    "Letterbox",
    "Network",
    "PoseEstimator",
    "Prepared",
    "Preparer",
    "Preprocessor",
    "Seen",
    "Sight",
    "input_size",
    "split_fields",
]
