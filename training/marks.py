"""Candidates in published news, named without quoting anybody, and what readers said of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from copydesk.text.typos.batch import Batch

HERE = Path(__file__).parent
VERDICTS = HERE / "judge" / "verdicts.txt"


def mark(batch: Batch, place: int, stands: str, meant: str) -> str:
    """A candidate in its surroundings, as twelve hex digits."""
    around = [batch.token(at).lower() if 0 <= at < len(batch) else "" for at in range(place - 3, place + 4)]
    return hashlib.blake2b("|".join([stands, meant, *around]).encode(), digest_size=6).hexdigest()


def _lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]


def true_errors() -> frozenset[str]:
    """Marks of candidates that are errors indeed, read for the decision of the encoder."""
    return frozenset(line[0] for line in _lines(HERE / "true_errors.txt"))


def verdicts() -> dict[str, str]:
    """What was read, for encoder and judge: `right`, `error`, `other` or `unsure`, by mark."""
    return {**dict.fromkeys(true_errors(), "error"), **{line[0]: line[1] for line in _lines(VERDICTS)}}
