"""Blended crops: which, how, and that nothing is said of their maps."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from edgepose.training.data.mix import blend  # noqa: E402

pytestmark = pytest.mark.torch


def test_the_last_crops_are_blended_with_their_neighbours_and_masked() -> None:
    images, mask = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 8, 8).contiguous(), torch.ones(4, 1, 1, 1)
    mixed, seen = blend(images, mask, 0.5, seed=3)
    assert torch.equal(mixed[:2], images[:2])
    assert seen.flatten().tolist() == [1, 1, 0, 0]
    for i in (2, 3):
        assert i - 1 < mixed[i].min() == mixed[i].max() < i
    assert torch.equal(images[3], torch.full((3, 8, 8), 3.0)), "the given crops stay as they are"


def test_a_seed_blends_alike_and_another_otherwise() -> None:
    images, mask = torch.randn(4, 3, 8, 8), torch.ones(4, 1, 1, 1)
    first, again, other = (blend(images, mask, 0.25, seed)[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_no_share_changes_nothing() -> None:
    images, mask = torch.randn(2, 3, 8, 8), torch.ones(2, 1, 1, 1)
    mixed, seen = blend(images, mask, 0.0, seed=0)
    assert mixed is images
    assert seen is mask
