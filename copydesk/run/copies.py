"""The copies among the articles of a run: the settings of their clusters, and what the report shows of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from copydesk.config import Config
from copydesk.duplicates.clusters import Settings
from copydesk.duplicates.compare import KINDS
from copydesk.duplicates.compare import Settings as Limits
from copydesk.warehouse.copies import Compared

#: Clusters that the report lists, and members of each.
LARGEST, MEMBERS = 10, 20


def settings_of(config: Config) -> Settings | None:
    """The settings of the clusters, None if there are to be none."""
    chosen = config.duplicates
    return Settings(Limits(chosen.similarity, chosen.contained), chosen.sharing) if chosen.enabled else None


def report(compared: Compared) -> dict[str, Any]:
    """What the report says about the copies of a run, as plain values.

    `counts` are the pairs with one of its articles, by kind; `syndicated` its articles that come from an agency, by
    agency; `largest` the largest clusters with one of its articles.
    """
    fresh, made = compared.fresh, compared.clusters
    counts = Counter(pair.kind for pair in made.pairs if pair.article_id in fresh or pair.other_id in fresh)
    agencies = Counter(made.places[key].syndicated_from for key in fresh)
    agencies.pop(None, None)
    members: dict[str, list[str]] = {}
    for key, place in made.places.items():
        members.setdefault(place.cluster_id, []).append(key)
    own = {made.places[key].cluster_id for key in fresh}
    chosen = sorted((key for key in own if len(members[key]) > 1), key=lambda key: (-len(members[key]), key))[:LARGEST]
    shown = {key: [key, *(one for one in members[key] if one != key)][:MEMBERS] for key in chosen}
    rows = {row["article_id"]: row for row in compared.rows([key for keys in shown.values() for key in keys])}
    kinds = {pair.article_id: (pair.kind, round(pair.similarity, 3)) for pair in reversed(made.pairs)}
    return {
        "counts": {kind: counts[kind] for kind in KINDS},
        "syndicated": [
            {"agency": name, "articles": count}
            for name, count in sorted(agencies.items(), key=lambda item: (-item[1], str(item[0])))
        ],
        "largest": [
            {
                "cluster_id": key,
                "canonical": key,
                "differs": differences([rows[one] for one in shown[key]]),
                "articles": len(members[key]),
                "members": [member(rows[one], *kinds.get(one, (None, None))) for one in shown[key]],
            }
            for key in chosen
        ],
    }


def member(row: Mapping[str, Any], kind: str | None, similarity: float | None) -> dict[str, Any]:
    """A member of a cluster as the report and `copydesk clusters` show it; the canonical article has no kind."""
    names = ("article_id", "uri", "site", "headline")
    date = row["published_date"]
    return {
        **{name: row[name] for name in names},
        "published_date": date and date.isoformat(),
        "kind": kind,
        "similarity": similarity,
    }


def differences(rows: Sequence[Mapping[str, Any]]) -> str:
    """What differs between the articles of a cluster, in words: `3 sites; 2 headlines; 180 to 430 words`."""
    found = []
    for name, word in (("site", "sites"), ("headline", "headlines"), ("published_date", "dates")):
        several = {row[name] for row in rows}
        if len(several) > 1:
            found.append(f"{len(several)} {word}")
    words = [row["word_count"] for row in rows]
    if min(words) != max(words):
        found.append(f"{min(words):,} to {max(words):,} words")
    return "; ".join(found) or "nothing but the address"
