"""Finds documents with more than one row in a table, in 48 bytes each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


class Keys:
    """Ids and contents of a table as rows of uint64[n, 6], and the file of each."""

    def __init__(self, parts: list[tuple[str, Any, Any]]) -> None:
        self.paths = [path for path, ids, _ in parts for _ in range(len(ids))]
        keys = [np.concatenate([ids, contents], axis=1) for _, ids, contents in parts]
        self.keys = np.concatenate([np.empty((0, 6), np.uint64), *keys])

    def twice(self, words: int) -> dict[str, list[str]]:
        """The keys of `words` numbers that occur more than once, by path."""
        _, inverse, counts = np.unique(self.keys[:, :words], axis=0, return_inverse=True, return_counts=True)
        return self._by_path(np.flatnonzero(counts[inverse.ravel()] > 1), words)

    def all(self, words: int) -> set[str]:
        return set(map(_text, self.keys[:, :words].tolist()))

    def where(self, wanted: set[str], words: int) -> dict[str, list[str]]:
        if not wanted:
            return {}
        rows = [row for row, key in enumerate(self.keys[:, :words].tolist()) if _text(key) in wanted]
        return self._by_path(rows, words)

    def _by_path(self, rows: Iterable[int], words: int) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in rows:
            keys = found.setdefault(self.paths[row], [])
            key = _text(self.keys[row, :words].tolist())
            if key not in keys[-1:]:
                keys.append(key)
        return {path: list(dict.fromkeys(keys)) for path, keys in found.items()}


def _text(key: list[int]) -> str:
    return "".join(f"{part:016x}" for part in key)
