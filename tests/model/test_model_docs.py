"""The pages about models say what the code does."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edgepose.model import PRESETS, ModelSpec, OutputSpec
from edgepose.model.spec import check_spec

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_example_sidecar_is_a_valid_contract_with_every_key():
    text = (DOCS / "reference" / "model-sidecar.md").read_text()
    example = text.split("```json")[1].split("```")[0].encode()
    check_spec(msgspec.json.decode(example, type=ModelSpec))
    assert msgspec.json.decode(example).keys() == set(ModelSpec.__struct_fields__)


def test_every_key_of_a_sidecar_is_explained():
    text = (DOCS / "reference" / "model-sidecar.md").read_text()
    for key in ModelSpec.__struct_fields__:
        assert f"`{key}`" in text
    for key in OutputSpec.__struct_fields__:
        assert f"`.{key}`" in text


def test_every_preset_is_in_the_guide():
    text = (DOCS / "guides" / "models.md").read_text()
    for name in PRESETS:
        assert f"| `{name}` |" in text
