"""Progress goes to stderr and hands out everything once, in order."""

from __future__ import annotations

from edgepose.cli import progress


def test_things_pass_through_and_stdout_stays_empty(capsys):
    assert list(progress.track([3, 1, 2], "pictures")) == [3, 1, 2]
    assert capsys.readouterr().out == ""


def test_a_line_now_and_then_tells_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr(progress, "LINE_S", 0.0)
    list(progress.track(["a", "b"], "pictures"))
    assert capsys.readouterr().err.splitlines() == ["0 of 2 pictures", "1 of 2 pictures"]


def test_a_stream_has_no_end_to_show(capsys, monkeypatch):
    monkeypatch.setattr(progress, "LINE_S", 0.0)
    list(progress.track(iter("a"), "frames"))
    assert capsys.readouterr().err.splitlines() == ["0 frames"]
