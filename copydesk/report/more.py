"""What other parts of a run hand to its report, in one shape: missing keys are filled in.

- `sites`: a list of {site, status (usual, differs, silent, acknowledged, new, retired, too-few-nights), findings:
  [{measure, sentence, observed, usual, low, high, since, todo, command, severity, acknowledge, acknowledged}],
  history: [{date, arrivals, …}]}, oldest night first; the run as a whole is the entry whose site is null. `weight` is
  the number of documents concerned.
- `clusters`: {counts: {exact, near, headline, update, excerpt}, syndicated: [{agency, articles}], largest:
  [{cluster_id, canonical, differs, members: [{article_id, uri, site, headline, published_date, kind, similarity}]}]}.
- `checked`: {sample: edits as in `least_certain`, precision: [{rule, checked, right, low, high, weeks: [{week, checked,
  right}]}]}.
- `names_changed`: edits as in `least_certain`; `names_left_out` counts those that are not kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from copydesk.data.rules import explain
from copydesk.records import WARNING

KEYS = ("sites", "clusters", "checked", "names_changed")

Row = Mapping[str, Any]

_FINDING: Row = {
    "measure": "", "sentence": "", "observed": None, "usual": None, "low": None, "high": None, "since": None,
    "todo": "", "command": "", "severity": WARNING, "acknowledge": "", "acknowledged": None,
}  # fmt: skip
_WHOLE: dict[str, Any] = {"site": None, "status": "usual", "findings": [], "history": []}
_MEMBER = dict.fromkeys(("article_id", "uri", "site", "headline", "published_date", "kind", "similarity"))
_CLUSTER: Row = {"cluster_id": "", "canonical": None, "differs": None, "articles": None}
_PRECISION: Row = {"rule": "", "checked": 0, "right": 0, "low": 0.0, "high": 1.0}


def in_one_shape(more: Row) -> dict[str, Any]:
    """The values of `KEYS`, None where there is none."""
    shapes: dict[str, Callable[[Any], Any]] = {
        "sites": _sites,
        "clusters": _clusters,
        "checked": _checked,
        "names_changed": lambda entries: [edit(entry) for entry in entries],
    }
    shaped = {key: None if more.get(key) is None else shapes[key](more[key]) for key in KEYS}
    return {**shaped, "names_left_out": more.get("names_left_out") or 0}


def edit(entry: Row) -> dict[str, Any]:
    """An edit as the report shows it, with the sentence of its rule."""
    return {**entry, "confidence": round(entry["confidence"], 4), "meaning": explain(entry["rule"])}


def _sites(sites: Iterable[Row]) -> list[dict[str, Any]]:
    """The entries, the run as a whole first; its `counts` are those of all sites, of which the list may be cut."""
    found = [
        {
            **site,
            "findings": _filled(site.get("findings"), _FINDING),
            "history": [dict(night) for night in site.get("history") or ()],
        }
        for site in sites
    ]
    whole = [site for site in found if site["site"] is None] or [_WHOLE]
    others = [site for site in found if site["site"] is not None]
    counts = {"sites": len(others), **Counter(site["status"] for site in others)}
    return [{"counts": counts, **whole[0]}, *others] if found else []


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
