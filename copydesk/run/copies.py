"""The copies among the articles of a run: the settings of their clusters, and what the report shows of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from copydesk.config import Config
from copydesk.duplicates.clusters import Clusters, Settings
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
    own = made.kinds[fresh[made.copies] | fresh[made.originals]]
    counts = np.bincount(own, minlength=len(KINDS)).tolist()
    agencies = Counter(made.entries.name(code) for code in made.agencies[fresh].tolist() if code >= 0)
    chosen = _largest(made, fresh)
    shown = {one: _members(made, one) for one in chosen}
    rows = {row["article_id"]: row for row in compared.rows([one for some in shown.values() for one in some])}
    return {
        "counts": dict(zip(KINDS, counts, strict=True)),
        "syndicated": [
            {"agency": name, "articles": count}
            for name, count in sorted(agencies.items(), key=lambda item: (-item[1], str(item[0])))
        ],
        "largest": [
            {
                "cluster_id": made.id(one),
                "canonical": made.id(one),
                "differs": differences([rows[made.id(other)] for other in shown[one]]),
                "articles": int((made.canonical == one).sum()),
                "members": [member(rows[made.id(other)], *_kind(made, other)) for other in shown[one]],
            }
            for one in chosen
        ],
    }


def _largest(made: Clusters, fresh: Any) -> list[int]:
    """The canonical articles of the largest clusters with a fresh one."""
    sizes = np.bincount(made.canonical, minlength=len(made.canonical))
    several = np.unique(made.canonical[fresh])
    several = several[sizes[several] > 1]
    found: list[int] = several[np.lexsort((made.entries.ids[several], -sizes[several]))][:LARGEST].tolist()
    return found


def _members(made: Clusters, canonical: int) -> list[int]:
    """The first articles of a cluster, the canonical one first."""
    found: list[int] = made.order[made.canonical[made.order] == canonical][:MEMBERS].tolist()
    return found


def _kind(made: Clusters, article: int) -> tuple[str | None, float | None]:
    """The kind and the similarity of the first pair of a copy."""
    pairs = sorted(made.pair(number) for number in np.flatnonzero(made.copies == article).tolist())
    return (pairs[0].kind, round(pairs[0].similarity, 3)) if pairs else (None, None)


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
