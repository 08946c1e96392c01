import json

import pytest

from edgepose.bench import BENCHES, Figure, measure
from edgepose.bench.film import Projector, film
from edgepose.bench.pipeline import Stages, alone, threaded_fps
from edgepose.bench.startup import SHOW_HELP, heavy_modules
from edgepose.cli import main


@pytest.mark.parametrize(
    ("figure", "reached"),
    [
        (Figure("rate", 0.9, at_least=0.8), True),
        (Figure("rate", 0.7, at_least=0.8), False),
        (Figure("cost", 2.0, "ms", at_most=1.0), False),
        (Figure("cost", 2.0, "ms"), None),
    ],
)
def test_a_figure_knows_whether_it_is_where_it_should_be(figure, reached):
    assert figure.reached is reached


def test_the_bound_is_the_slowest_thread_or_the_cores():
    assert Stages(0.001, 0.004, 0.002, 0.001).bound_fps == pytest.approx(250)
    assert Stages(0.001, 0.004, 0.002, 10.0).bound_fps < 250


def test_the_film_plays_through_the_stages_and_through_the_threads(tmp_path):
    images, recording = film(tmp_path, n_pictures=3)
    stages = alone(images, recording, wait_ms=1.0, n_frames=10)
    assert stages.infer_s >= 0.001
    assert threaded_fps(images, recording, wait_ms=1.0, n_frames=10) < 1000


def test_the_projector_ends_like_a_file(tmp_path):
    images, _ = film(tmp_path, n_pictures=2)
    projector = Projector(images, 3)
    assert [projector.read().seq for _ in range(3)] == [0, 1, 2]
    with pytest.raises(EOFError):
        projector.read()


def test_importing_the_package_and_its_help_loads_no_heavy_library():
    assert heavy_modules("import edgepose, edgepose.config") == set()
    assert heavy_modules(SHOW_HELP) == set()


def test_importing_a_heavy_library_is_noticed():
    assert heavy_modules("import cv2") == {"cv2"}


def test_publishing_is_measured_without_a_broker():
    figures = {figure.name: figure for figure in measure("publish")}
    assert 0 < figures["publish_10_people_encode_ms"].value < figures["publish_10_people_ms"].value * 1.5


def test_bench_gives_each_figure_by_name(capsys):
    assert main(["bench", "publish", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"publish_10_people_ms", "publish_10_people_encode_ms"}


def test_an_unknown_benchmark_is_refused(capsys):
    assert main(["bench", "speed"]) == 1
    told = capsys.readouterr().err
    assert all(name in told for name in BENCHES)
