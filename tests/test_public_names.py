"""Every public name says what it is and shows it in an example that runs."""

from __future__ import annotations

import doctest
import inspect
from importlib.util import find_spec

import pytest

import edgepose

NEEDS_A_RUNTIME = {"PoseEstimator", "Pipeline"}
DOCUMENTED = [name for name in edgepose.__all__ if name != "__version__"]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_public_name_has_a_docstring_with_an_example_of_it_that_runs(name: str, monkeypatch, tmp_path) -> None:
    value = getattr(edgepose, name)
    words = inspect.getdoc(value) or ""
    assert f"edgepose.{name}" in words, f"edgepose.{name} has no example of itself in its docstring"
    if name in NEEDS_A_RUNTIME and not (find_spec("openvino") or find_spec("onnxruntime")):
        pytest.skip("no runtime for networks is installed")
    monkeypatch.chdir(tmp_path)
    example = doctest.DocTestParser().get_doctest(words, {}, name, None, 0)
    output: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=output.append)
    assert result.attempted >= 2
    assert not result.failed, "".join(output)


def test_every_lazy_name_is_public() -> None:
    assert set(edgepose._LAZY) < set(edgepose.__all__)
