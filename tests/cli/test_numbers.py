"""Numbers on the command line that cannot be are wrong usage, and the message says what was wanted."""

import pytest

from edgepose.cli import main


@pytest.mark.parametrize(
    "words",
    [
        "predict a.jpg -o out --height -5",
        "predict a.jpg -o out --height 100000",
        "evaluate edgepose-nano --annotations a.json --images . --height 0",
        "model check edgepose-nano --height 2.5",
        "camera test synthetic:// --seconds nan",
        "camera test synthetic:// --seconds -1",
        "camera test synthetic:// --width -1",
        "selftest edgepose-nano --runs 0",
        "mqtt watch mqtt://localhost --seconds inf",
        "prune a.pt -o b.pt --gflop nan",
        "prune a.pt -o b.pt --max-pictures -1",
        "run --max-frames 0",
        "run --max-frames " + "9" * 5000,
    ],
    ids=lambda words: words[:60],
)
def test_a_number_out_of_bounds_is_wrong_usage(words, capsys):
    assert main(words.split()) == 2
    err = capsys.readouterr().err
    assert "wanted a" in err and " from " in err and len(err) < 3000
