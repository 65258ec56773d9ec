"""What other parts of a run hand to its report, in one shape: missing keys are filled in.

- `sites`: a list of {site, status (usual, differs, silent, new, retired, too-few-nights), findings: [{measure,
  sentence, observed, usual, low, high, since, todo, command, severity, acknowledged}], history: [{date, arrivals, …}]},
  oldest night first; the run as a whole is the entry whose site is null. `weight` is the number of documents concerned.
- `clusters`: {counts: {exact, near, headline, update, excerpt}, syndicated: [{agency, articles}], largest:
  [{cluster_id, canonical, differs, members: [{article_id, uri, site, headline, published_date, kind, similarity}]}]}.
- `checked`: {sample: edits as in `least_certain`, precision: [{rule, checked, right, low, high, weeks: [{week, checked,
  right}]}]}.
- `names_changed`: edits as in `least_certain`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from copydesk.data.rules import explain
from copydesk.records import WARNING

KEYS = ("sites", "clusters", "checked", "names_changed")

Row = Mapping[str, Any]

_FINDING: Row = {
    "measure": "", "sentence": "", "observed": None, "usual": None, "low": None, "high": None, "since": None,
    "todo": "", "command": "", "severity": WARNING, "acknowledged": None,
}  # fmt: skip
_MEMBER = dict.fromkeys(("article_id", "uri", "site", "headline", "published_date", "kind", "similarity"))
_CLUSTER: Row = {"cluster_id": "", "canonical": None, "differs": None}
_PRECISION: Row = {"rule": "", "checked": 0, "right": 0, "low": 0.0, "high": 1.0}


def in_one_shape(more: Row) -> dict[str, Any]:
    """The values of `KEYS`, None where there is none."""
    shapes: dict[str, Callable[[Any], Any]] = {
        "sites": lambda sites: [_site(site) for site in sites],
        "clusters": _clusters,
        "checked": _checked,
        "names_changed": lambda entries: [edit(entry) for entry in entries],
    }
    return {key: None if more.get(key) is None else shapes[key](more[key]) for key in KEYS}


def edit(entry: Row) -> dict[str, Any]:
    """An edit as the report shows it, with the sentence of its rule."""
    return {**entry, "confidence": round(entry["confidence"], 4), "meaning": explain(entry["rule"])}


def _site(site: Row) -> dict[str, Any]:
    return {
        **{name: site[name] for name in ("weight", "counts") if name in site},
        "site": site["site"],
        "status": site["status"],
        "findings": _filled(site.get("findings"), _FINDING),
        "history": [dict(night) for night in site.get("history") or ()],
    }


def _clusters(clusters: Row) -> dict[str, Any]:
    return {
        "counts": dict(clusters.get("counts") or {}),
        "syndicated": [dict(row) for row in clusters.get("syndicated") or ()],
        "largest": [
            {**_CLUSTER, **cluster, "members": _filled(cluster.get("members"), _MEMBER)}
            for cluster in clusters.get("largest") or ()
        ],
    }


def _checked(checked: Row) -> dict[str, Any]:
    return {
        "sample": [edit(entry) for entry in checked.get("sample") or ()],
        "precision": [
            {**_PRECISION, **row, "weeks": [dict(week) for week in row.get("weeks") or ()]}
            for row in checked.get("precision") or ()
        ],
    }


def _filled(rows: Iterable[Row] | None, empty: Row) -> list[dict[str, Any]]:
    return [{**empty, **row} for row in rows or ()]
