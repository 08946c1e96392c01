"""A picture in, people out: the only chain of prepare, infer, group and frame coordinates.

Pipeline, estimator, evaluation, calibration, validation and second looks all go through it.
"""

from edgepose.look.estimator import PoseEstimator
from edgepose.look.network import Network, Prepared, Preparer
from edgepose.look.preprocess import Letterbox, Preprocessor, input_size, split_fields

__all__ = [
    "Letterbox",
    "Network",
    "PoseEstimator",
    "Prepared",
    "Preparer",
    "Preprocessor",
    "input_size",
    "split_fields",
]
