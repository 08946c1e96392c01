"""Wrong usage is answered with the right word, in the usage of the verb it was meant for."""

import pytest

from edgepose.cli import main


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["rnu"], "did you mean 'run'?"),
        (["predictt", "a.jpg"], "did you mean 'predict'?"),
        (["xyzzy"], "--help"),
        (["detect", "a.jpg"], "did you mean 'predict'?"),
        (["help", "run"], "did you mean '--help'?"),
        (["a.mp4"], "edgepose predict a.mp4"),
        (["a.mp4", "run"], "a verb comes first"),
        (["run", "a.mp4", "--video", "b.mp4"], "did you mean --source or --save-video?"),
        (["run", "a.mp4", "--output", "b.mp4"], "did you mean --save-video or --jsonl?"),
        (["run", "a.mp4", "--conf-thres", "0.3"], "did you mean --min-score?"),
        (["predict", "--source", "a.jpg", "b.jpg"], "write it without a flag: PATH"),
        (["predict", "a.jpg", "--out", "b"], "did you mean --output?"),
        (["predict", "a.jpg", "--show"], "see --help"),
        (["run", "--hieght", "3"], "did you mean --height?"),
        (["run", "--conf", "edgepose.toml"], "did you mean --config?"),
        (["alert", "ls", "--jso"], "did you mean --json?"),
        (["run", "--max-frame=3", "--jsno"], "did you mean --max-frames?"),
        (["predict", "a.jpg", "--modle", "x"], "usage: edgepose predict"),
        (["predict", "a.jpg", "--xyzzy"], "see --help"),
        (["run", "--compute", "npu"], "gpu"),
        (["run", "--compute", "cpu", "--backend", "openvino"], "not allowed with"),
        (["run", "--min-score", "2"], "from 0 to 1"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(words, says, capsys):
    assert main(words) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.out == ""


def test_the_usage_is_that_of_the_verb(capsys):
    main(["calibrate", "model.onnx", "--images", "x", "-o", "z", "--imagse", "y"])
    said = capsys.readouterr().err
    assert said.startswith("usage: edgepose calibrate")
    assert "--images" in said.splitlines()[-1]
