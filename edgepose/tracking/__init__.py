"""Tracking gives people ids over time and smooths their keypoints: poses in, tracks out."""

from edgepose.tracking.options import TrackerOptions
from edgepose.tracking.tracker import Tracker

__all__ = ["Tracker", "TrackerOptions"]
