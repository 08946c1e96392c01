"""Errors of EdgePose. Each descends from EdgePoseError and from the builtin a caller would expect.

A message says what was wanted, what was found and what to do. This module imports nothing.
"""


class EdgePoseError(Exception):
    """Base of every error that EdgePose raises on purpose; the command line prints it in one sentence.

    >>> import edgepose
    >>> try:
    ...     edgepose.PoseEstimator("absent.onnx")
    ... except edgepose.EdgePoseError as error:
    ...     print(type(error).__name__)
    ModelError
    """


class ConfigError(EdgePoseError, ValueError):
    """A configuration file, key or value that cannot be used."""


class ModelError(EdgePoseError, ValueError):
    """A model file, sidecar or engine that cannot be used."""


class SourceError(EdgePoseError, OSError):
    """A camera, stream, video or picture that cannot be read."""


class BackendError(EdgePoseError, RuntimeError):
    """An inference runtime that is missing or failed."""


class FileError(EdgePoseError, OSError):
    """A file that cannot be written, or read where nothing more is known of it."""


class ShapeError(EdgePoseError, ValueError):
    """An array whose shape, type or content breaks its contract."""


class PublishError(EdgePoseError, OSError):
    """A broker or file that cannot be written to."""


class DataError(EdgePoseError, ValueError):
    """Annotations, recordings or picture sets that cannot be used."""


class ControlError(EdgePoseError, OSError):
    """The running service cannot be asked, or refuses what it was asked."""


class MissingDependencyError(EdgePoseError, ImportError):
    """An optional library that this step needs is not installed."""


class ClosedError(EdgePoseError, RuntimeError):
    """An object was used after it was closed."""


class DeviceError(BackendError):
    """A GPU or other accelerator that this machine does not have."""
