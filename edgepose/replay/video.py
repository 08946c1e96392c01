"""Videos end to end: what a network finds in each frame, kept on disk so that rules can be judged again cheaply."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edgepose.config import Config
from edgepose.errors import DataError
from edgepose.events.fall import FallDetector
from edgepose.look.network import Network
from edgepose.pipeline.looks import cut_out, to_frame
from edgepose.replay.recording import Recording, load_recording
from edgepose.replay.rules import Told
from edgepose.sources import open_source
from edgepose.tracking import Tracker
from edgepose.types import Event, Frame, LookAgain, Pose


class VideoFalls:
    """Judges videos for falls with one network.

    network_key: words that tell this network and its input size from others, for the cache. n_looks: second looks
    taken so far; n_frames: frames judged. every: look at every n-th frame only.
    """

    def __init__(self, network: Network, network_key: str, config: Config, cache: Path, every: int = 1) -> None:
        self._network_key = network_key
        self._every = every
        self._network = network
        self._preparer = network.preparer()
        self._config = config
        self._cache = cache
        self.n_looks = self.n_frames = 0

    def recording(self, video: Path) -> Recording:
        """People in every frame of a video, from the cache where this network has seen it."""
        key = hashlib.sha256(f"{video.name} {self._network_key} {self._every} {self._config.decode}".encode())
        path = self._cache / f"{video.stem}-{key.hexdigest()[:12]}.npz"
        if not path.is_file():
            self._find_people(video, path)
        return load_recording(path)[0]

    def told(self, video: Path) -> list[Told]:
        """What the fall rule tells about a video, with the second looks it asks for."""
        recording = self.recording(video)
        tracker = Tracker(self._config.tracking)
        detector = FallDetector(self._config.fall, recording.size_wh)
        told: list[Told] = []
        frames = _frames(video, self._every) if self._config.fall.second_look else None
        for recorded in recording.frames:
            frame = next(frames, None) if frames else None
            found = detector.update(tracker.update(recorded.people, recorded.t), recorded.t)  # type: ignore[arg-type]
            for one in found:
                if isinstance(one, Event):
                    told.append(Told(recorded.number, one))
                elif frame is not None:
                    told += self._look(detector, one, frame, recorded.number, recorded.t)
        self.n_frames += len(recording.frames)
        return told

    def _look(self, detector: FallDetector, request: LookAgain, frame: Frame, number: int, t: float) -> list[Told]:
        crop = cut_out(frame.image, request)
        if crop is None:
            return []
        self.n_looks += 1
        image_hw = (frame.image.shape[0], frame.image.shape[1])
        poses = to_frame(self._network.look(self._preparer(crop, self._preparer.input_hw(image_hw))), request, image_hw)
        return [Told(number, event) for event in detector.second_look(request, poses, t)]

    def _find_people(self, video: Path, path: Path) -> None:
        people: list[list[Pose]] = []
        times: list[float] = []
        size_wh = (0, 0)
        for frame in _frames(video, self._every):
            people.append(self._network.look(self._preparer(frame.image)))
            times.append(frame.t)
            size_wh = (frame.image.shape[1], frame.image.shape[0])
        if len(times) < 2:
            raise DataError(f"video {str(video)!r} has {len(times)} frames; too few to judge")
        most = max(1, *(len(poses) for poses in people))
        keypoints = np.zeros((len(people), most, 18, 3), np.float32)
        for i, poses in enumerate(people):
            for j, pose in enumerate(poses):
                keypoints[i, j] = np.nan_to_num(pose.keypoints)
        fps = (len(times) - 1) / (times[-1] - times[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, keypoints=keypoints, fps=fps, width=size_wh[0], height=size_wh[1])


def _frames(video: Path, every: int) -> Iterator[Frame]:
    source = open_source(str(video))
    try:
        while True:
            frame = source.read()
            if frame is not None and frame.seq % every == 0:
                yield frame
    except EOFError:
        return
    finally:
        source.close()
