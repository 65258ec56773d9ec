"""Protected words, which are never changed: for all documents, or for those of one site or folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class ProtectedError(ValueError):
    """The file of protected words cannot be used; the message says why."""


class Protected(NamedTuple):
    """`everywhere` are words for all documents, `by_site` those for documents with the key as a part of the uri."""

    everywhere: frozenset[str]
    by_site: dict[str, frozenset[str]]

    def of(self, uri: str) -> frozenset[str]:
        """The protected words, in lower case, of the document at `uri`."""
        found = self.everywhere
        for site, words in self.by_site.items():
            if site in uri.lower():
                found |= words
        return found


def read(*paths: str | None) -> Protected:
    """Read files of protected words: one per line; `#` starts a comment, `[example.com]` the words of one site.

    A site is any part of a document's uri: a host, a folder. None means an empty file. Raises `ProtectedError`.
    """
    words: dict[str, set[str]] = {"": set()}
    for path in paths:
        if path is not None:
            _add(path, words)
    return Protected(frozenset(words.pop("")), {site: frozenset(some) for site, some in words.items()})


def _add(path: str, words: dict[str, set[str]]) -> None:
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ProtectedError(f"typos.protected: {path} cannot be read: {error}") from error
    site = ""
    for line in lines:
        entry = line.split("#", 1)[0].strip().lower()
        if entry.startswith("[") and entry.endswith("]"):
            site = entry[1:-1].strip()
            words.setdefault(site, set())
        elif entry:
            words[site].add(entry.replace("’", "'"))
