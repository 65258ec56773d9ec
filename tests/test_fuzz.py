"""Every seed of the fuzzer, among them what it once found, holds without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.targets import TARGETS

SEEDS = sorted((Path(__file__).parent / "fuzz" / "seeds").rglob("*.*"))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed.parent.name}/{seed.name}")
def test_seed(seed: Path) -> None:
    TARGETS[seed.parent.name](seed.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_seeds(name: str) -> None:
    assert any(seed.parent.name == name for seed in SEEDS)
    TARGETS[name](b"")
