"""A log becomes curves: steps that an interrupted run did twice count once."""

import numpy as np

from edgepose.training.run.curves import read_log, smoothed, write_curves

LOG = """step,epoch,loss,last_stage_loss,gradient_norm,rate,images_per_s,AP,AP50
10,0,8,4,1,1e-3,5,,
20,0,6,3,1,1e-3,5,,
30,0,4,2,1,1e-3,5,,
30,0,,,,,,0.25,0.5
20,0,5,2.5,1,1e-3,5,,
30,0,3,1.5,1,1e-3,5,,
"""


def test_what_was_done_again_counts_as_it_was_done_last(tmp_path):
    (tmp_path / "log.csv").write_text(LOG)
    curves = read_log(tmp_path / "log.csv")
    assert curves["loss"].tolist() == [[10, 8], [20, 5], [30, 3]]
    assert curves["AP"].tolist() == []


def test_three_charts_where_ap_was_measured(tmp_path):
    (tmp_path / "log.csv").write_text("\n".join(LOG.splitlines()[:5]))
    write_curves(tmp_path / "log.csv", tmp_path / "curves.svg")
    drawn = (tmp_path / "curves.svg").read_text()
    assert drawn.count("<polyline") == 3
    assert ">0.250<" in drawn


def test_an_empty_log_draws_nothing(tmp_path):
    (tmp_path / "log.csv").write_text(LOG.splitlines()[0] + "\n")
    write_curves(tmp_path / "log.csv", tmp_path / "curves.svg")
    assert not (tmp_path / "curves.svg").exists()


def test_smoothing_keeps_what_does_not_change():
    for n in (1, 2, 5, 40):
        points = np.column_stack((np.arange(n), np.full(n, 3.0)))
        assert np.allclose(smoothed(points), points)
