import threading

import numpy as np
import pytest

from edgepose.look.network import Prepared
from edgepose.look.preprocess import Letterbox
from edgepose.pipeline.inbox import Inbox, Job
from edgepose.types import Frame
from edgepose.workers import Closed

IMAGE = np.zeros((8, 8, 3), np.uint8)


def job(source="a", seq=0, hw=(8, 8)):
    return Job(Frame(IMAGE, seq / 10, seq, source), Prepared(np.zeros((3, *hw), np.float32), Letterbox(hw, hw)), {})


def told(batch):
    return [(one.frame.source, one.frame.seq) for one in batch]


def test_frames_of_several_sources_come_as_one_batch_oldest_first():
    inbox = Inbox("ab", 2)
    for one in (job("a", 0), job("b", 0), job("a", 1)):
        inbox.put(one, live=False)
    assert told(inbox.take(8, 0)) == [("a", 0), ("b", 0), ("a", 1)]


def test_a_batch_is_no_larger_than_asked_for():
    inbox = Inbox("a", 4)
    for seq in range(4):
        inbox.put(job(seq=seq), live=False)
    assert told(inbox.take(3, 0)) == [("a", 0), ("a", 1), ("a", 2)]
    assert told(inbox.take(3, 0)) == [("a", 3)]


def test_another_input_size_waits_for_its_own_batch():
    inbox = Inbox("ab", 4)
    for one in (job("a", 0), job("b", 0, (16, 8)), job("a", 1), job("b", 1, (16, 8))):
        inbox.put(one, live=False)
    assert told(inbox.take(8, 0)) == [("a", 0), ("a", 1)]
    assert told(inbox.take(8, 0)) == [("b", 0), ("b", 1)]


def test_no_frame_overtakes_an_earlier_one_of_its_source():
    inbox = Inbox("a", 4)
    for one in (job(seq=0), job(seq=1, hw=(16, 8)), job(seq=2)):
        inbox.put(one, live=False)
    assert [told(inbox.take(8, 0)) for _ in range(3)] == [[("a", 0)], [("a", 1)], [("a", 2)]]


def test_the_newest_live_frame_takes_the_place_of_one_that_waits():
    inbox = Inbox("ab", 2)
    for one in (job("a", 0), job("b", 0), job("a", 1)):
        inbox.put(one, live=one.frame.source == "a")
    assert told(inbox.take(8, 0)) == [("b", 0), ("a", 1)]


def test_a_file_waits_for_room():
    inbox = Inbox("a", 1)
    inbox.put(job(seq=0), live=False)
    writer = threading.Thread(target=inbox.put, args=(job(seq=1),), kwargs={"live": False})
    writer.start()
    writer.join(0.1)
    assert writer.is_alive()
    assert told(inbox.take(8, 0)) == [("a", 0)]
    writer.join(20)
    assert told(inbox.take(8, 0)) == [("a", 1)]


def test_take_gives_up_after_its_timeout():
    with pytest.raises(TimeoutError):
        Inbox("a", 2).take(8, 0.01)


def test_what_waits_is_taken_before_the_end_of_all_sources_is_told():
    inbox = Inbox("ab", 2)
    inbox.put(job("a"), live=False)
    inbox.finish()
    inbox.finish()
    assert told(inbox.take(8, 0)) == [("a", 0)]
    with pytest.raises(Closed):
        inbox.take(8, 0)


def test_closing_drops_what_waits_and_refuses_more():
    inbox = Inbox("a", 2)
    inbox.put(job(), live=False)
    inbox.close()
    with pytest.raises(Closed):
        inbox.take(8, 0)
    with pytest.raises(Closed):
        inbox.put(job(), live=True)
