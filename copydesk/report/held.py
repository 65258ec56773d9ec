"""The quarantined documents of a run: counts by reason, a line for each document, and the content of some of them."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from copydesk.records import CRITICAL, storable
from copydesk.report.commands import LONGEST_URI
from copydesk.report.counts import TopCounts
from copydesk.text.site import site_of

#: Documents shown with their content: in all, of each decisive rule even beyond that, and held back by the gate.
SHOWN, SHOWN_OF_RULE, GATED = 300, 10, 20
#: Documents listed with one line each.
LISTED = 10_000
#: Code points of text, and bytes of undecoded content, kept of a document.
OPENING, OPENING_BYTES = 1_000, 64
#: Content with a smaller share of printable characters is treated as binary, even if it can be decoded.
PRINTABLE = 0.9
#: A listed uri is shorter, so that ten thousand lines stay a page that opens at once.
LISTED_URI = 160

#: The stage of the reasons that the quality gate gives to a whole partition.
GATE = "gate"


class Held:
    """Quarantined documents, added as rows of `copydesk.warehouse.rows.quarantine_row`; parts can `merge`. Rows without
    a body to publish say so (`has_body`).

    Each document counts once in `decisive`, under its first critical reason, and once in `reasons` for each reason.
    """

    def __init__(self) -> None:
        self.documents = 0
        self.gated = 0
        self.reasons = TopCounts(("stage", "rule", "severity"), ("documents",))
        self.decisive = TopCounts(("stage", "rule"), ("documents",))
        self.media_types = TopCounts(("media_type",))
        self.entries: list[dict[str, Any]] = []
        self.gated_entries: list[dict[str, Any]] = []
        self.listed: list[dict[str, Any]] = []
        self._shown: Counter[str] = Counter()

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add documents."""
        rows = list(rows)
        if not rows:
            return
        self.documents += len(rows)
        reasons = [
            {"stage": stage, "rule": rule, "severity": severity, "documents": 1}
            for row in rows
            for stage, rule, severity in sorted({(r["stage"], r["rule"], r["severity"]) for r in row["reasons"]})
        ]
        if reasons:
            self.reasons.add(pa.Table.from_pylist(reasons))
        decisive = [_decisive(row["reasons"]) for row in rows]
        self.decisive.add(
            pa.Table.from_pylist([{"stage": stage, "rule": rule, "documents": 1} for stage, rule in decisive])
        )
        self.media_types.add(pa.table({"media_type": [row["media_type"] for row in rows]}))
        for row, (stage, rule) in zip(rows, decisive, strict=True):
            self.gated += stage == GATE
            if len(self.listed) < LISTED:
                self.listed.append(_line(row, rule))
            if stage == GATE:
                if len(self.gated_entries) < GATED:
                    self.gated_entries.append(_entry(row, rule))
            elif len(self.entries) < SHOWN or self._shown[rule] < SHOWN_OF_RULE:
                self._shown[rule] += 1
                self.entries.append(_entry(row, rule))

    def merge(self, other: Held) -> None:
        """Add the documents of another instance; its entries are kept while there is room."""
        self.documents += other.documents
        self.gated += other.gated
        for mine, theirs in (
            (self.reasons, other.reasons),
            (self.decisive, other.decisive),
            (self.media_types, other.media_types),
        ):
            mine.merge(theirs)
        for entry in other.entries:
            if len(self.entries) < SHOWN or self._shown[entry["rule"]] < SHOWN_OF_RULE:
                self._shown[entry["rule"]] += 1
                self.entries.append(entry)
        self.gated_entries = [*self.gated_entries, *other.gated_entries][:GATED]
        self.listed = [*self.listed, *other.listed][:LISTED]


def _decisive(reasons: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    """Stage and rule of the reason that decides: a critical one of the document itself, before those of the gate."""
    critical = [r for r in reasons if r["severity"] == CRITICAL] or list(reasons)
    own = [r for r in critical if r["stage"] != GATE] or critical
    return (own[0]["stage"], own[0]["rule"]) if own else ("", "")


def _line(row: Mapping[str, Any], rule: str) -> dict[str, Any]:
    """The line of one document in the list."""
    return {
        "article_id": row["article_id"],
        "content": row["content_sha256"][:12],
        "uri": row["uri"][:LISTED_URI],
        "site": site_of(row["uri"])[:80],
        "rule": rule,
        "published_date": None if row["published_date"] is None else row["published_date"].isoformat(),
        "bytes": len(row["content"]),
    }


def _entry(row: Mapping[str, Any], rule: str) -> dict[str, Any]:
    """One document with the beginning of its content."""
    content = row["content"]
    text = _opening(content, row["encoding"]) if row["text"] is None else row["text"]
    return {
        **_line(row, rule),
        "uri": row["uri"][:LONGEST_URI],
        "media_type": row["media_type"],
        "encoding": row["encoding"],
        "opening": None if text is None else text[:OPENING],
        "opening_bytes": content[:OPENING_BYTES].hex(" ") if text is None else None,
        "cut": len(content) > OPENING_BYTES if text is None else len(text) > OPENING,
        "releasable": bool(row.get("has_body", True)),  # what the gate held back has one
        "reasons": [{**reason, "observed": storable(reason["observed"][:OPENING])} for reason in row["reasons"]],
    }


def _opening(content: bytes, encoding: str | None) -> str | None:
    """The beginning of undecoded content if it is text, at least `OPENING` code points of it; else None."""
    start = content[: 4 * OPENING + 4]  # at most four bytes per code point, and a byte order mark
    for name in ("utf-8-sig", encoding):
        try:
            text = codecs.getincrementaldecoder(name)().decode(start, len(start) == len(content)) if name else None
        except (LookupError, UnicodeError):
            continue
        if text is not None and sum(c.isprintable() or c in "\n\r\t" for c in text) >= PRINTABLE * len(text):
            return storable(text)
    return None
