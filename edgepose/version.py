"""The version of EdgePose, and nothing else: whoever needs it need not load the package's names."""

__version__ = "0.1.0"
