from edgepose.pipeline.meter import Meter, percentiles
from edgepose.types import FrameResult


def test_percentiles_are_nearest_ranks():
    assert percentiles(range(101)) == {"p50": 50, "p99": 99}


def test_one_value_is_every_percentile():
    assert percentiles([7.0]) == {"p50": 7.0, "p99": 7.0}


def test_a_meter_sums_results_and_keeps_latencies_per_stage():
    meter = Meter()
    for seq in range(3):
        meter.add(FrameResult("a", seq, seq / 10, (8, 8), timings_ms={"infer": 4.0 + seq}, dropped=seq))
    report = meter.report()
    assert (report["frames"], report["dropped"], report["people_frames"]) == (3, 3, 0)
    assert report["latency_ms"] == {"infer": {"p50": 5.0, "p99": 6.0}}
    assert report["fps"] > 0


def test_a_meter_without_results_reports_zeros():
    assert Meter().report()["fps"] == 0.0
