"""People found in videos are kept by what a video holds: two of one name are two."""

import cv2
import numpy as np
import pytest
from pipeline_fakes import GreyBackend

from edgepose.decode import GroupOptions
from edgepose.errors import DataError
from edgepose.look import Network
from edgepose.replay.found import Change, FoundPeople


class Counting(GreyBackend):
    looks = 0
    brightest = 0.0

    def infer(self, batch):
        self.looks += len(batch)
        self.brightest = float(np.max(batch))
        return super().infer(batch)


def film(path, grey, n_frames=4):
    path.parent.mkdir(exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (128, 128))
    for _ in range(n_frames):
        writer.write(np.full((128, 128, 3), grey, np.uint8))
    writer.release()
    return path


def found(backend, cache, change=None):
    return FoundPeople(Network(backend), "counting", GroupOptions(), cache, change=change)


def test_a_video_is_looked_at_once_and_another_one_of_its_name_again(tmp_path):
    backend = Counting()
    people = found(backend, tmp_path / "cache")
    first = film(tmp_path / "a/kitchen.avi", 40)
    assert [one.seq for one in people.people(first)] == [0, 1, 2, 3]
    assert backend.looks == 4
    people.people(first)
    assert backend.looks == 4
    people.people(film(tmp_path / "b/kitchen.avi", 70))
    assert backend.looks == 8


def test_changed_pictures_are_what_the_network_sees_and_are_kept_apart(tmp_path):
    video, backend = film(tmp_path / "kitchen.avi", 100), Counting()
    found(backend, tmp_path / "cache").people(video)
    bright = backend.brightest
    darker = Change("darker", lambda image, seq: image // 8)
    found(backend, tmp_path / "cache", darker).people(video)
    assert backend.looks == 8 and backend.brightest < bright / 4
    found(backend, tmp_path / "cache", darker).people(video)
    assert backend.looks == 8


def test_a_video_of_one_picture_is_refused(tmp_path):
    with pytest.raises(DataError, match="1 frames; too few"):
        found(Counting(), tmp_path / "cache").people(film(tmp_path / "kitchen.avi", 40, n_frames=1))
