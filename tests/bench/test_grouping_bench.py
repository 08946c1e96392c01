"""`edgepose bench grouping` gives every figure by name, for crowds that grouping finds."""

from __future__ import annotations

import pytest

from edgepose.bench import Material, grouping
from edgepose.decode import group


def test_every_crowd_has_its_figures(monkeypatch):
    monkeypatch.setattr(grouping, "N_TURNS", 1)
    monkeypatch.setattr(grouping, "N_CALLS", 1)
    figures = {figure.name: figure for figure in grouping.measure(Material())}
    assert set(figures) == {
        f"grouping_{n}_people_{what}" for n in (1, 10, 30) for what in ("read_ms", "native_ms", "ratio", "group_ms")
    }
    assert (figures["grouping_10_people_ratio"].at_most, figures["grouping_30_people_ratio"].at_most) == (6, 28)


@pytest.mark.parametrize("n_people", [10, 30])
def test_most_of_a_crowd_is_found(n_people):
    fields = grouping.crowd_fields(n_people, seed=0)
    assert len(group(fields.heatmaps, fields.pafs)) == pytest.approx(n_people, rel=0.25)
