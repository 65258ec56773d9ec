"""The names of the files of the report site, from the root of the site."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

#: The front page.
INDEX = "index.html"
#: The folders of pages that are of no single run, and those of other parts of the report.
SITES, RULES = "sites", "rules"
_TAKEN = frozenset({"index", SITES, RULES, "expectations", "data-docs"})

_RUN_RE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
_PLAIN_RE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
_OTHER_RE = re.compile(r"[^a-z0-9]+")


def checked(run_id: str) -> str:
    """`run_id` itself. Raises ValueError if it cannot name a file of the site."""
    if not _RUN_RE.fullmatch(run_id) or run_id in _TAKEN:
        raise ValueError(f"the run id {run_id!r} cannot name a file: letters, digits, '.', '_' and '-' are allowed")
    return run_id


def slug(name: str) -> str:
    """`name` as part of a file name: itself where that is safe, else what is left of it and a digest."""
    if _PLAIN_RE.fullmatch(name) and ".." not in name:
        return name
    plain = _OTHER_RE.sub("-", name.lower()).strip("-")[:60]
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{plain}-{digest}" if plain else digest


def run_page(run_id: str) -> str:
    return f"{run_id}.html"


def data_file(run_id: str) -> str:
    return f"{run_id}.json"


def quarantine_page(run_id: str) -> str:
    return f"{run_id}/quarantine.html"


def edits_page(run_id: str) -> str:
    return f"{run_id}/edits.html"


def site_page(site: str) -> str:
    return f"{SITES}/{slug(site)}.html"


def rule_page(rule: str) -> str:
    return f"{RULES}/{slug(rule)}.html"


def document_pages(run_id: str, entries: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """The page of each quarantined document that has one, by its id and content: a second one of the same id is named
    by its content, too.
    """
    pages: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for number, entry in enumerate(entries):
        name = slug(str(entry["article_id"]))
        if name in taken:
            name = f"{name}-{entry.get('content') or number}"
        taken.add(name)
        pages.setdefault(document_key(entry), f"{run_id}/{slug(name)}.html")
    return pages


def document_key(entry: Mapping[str, Any]) -> tuple[str, str]:
    """What names a quarantined document: its id, and the beginning of the digest of its content."""
    return str(entry["article_id"]), str(entry.get("content") or "")
