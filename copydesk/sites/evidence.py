"""Site evidence from the warehouse's newest articles and from the documents of the run.

A proof counts once, however often it occurs, so it does not matter which documents of a run have been published
before. If proofs of a site contradict each other, nothing is proven.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.config import SitesConfig
from copydesk.sites.boilerplate import Articles, recurring
from copydesk.text import mojibake
from copydesk.text.site import MISREADING, ORDER, Proof, Recurring, Site, proofs, site_of
from copydesk.warehouse import Excerpt, Warehouse

#: Maximum size of the columns read, in bytes: of dated articles, and of undated ones.
MOST_TEXT = 48 * 2**20

_COLUMNS = ["article_id", "uri", "headline", "body", "date_text"]
_BOILERPLATE = "site-boilerplate"
#: Maximum articles of a site that are searched for the cause of its mojibake.
DAMAGED = 40


class Sites:
    """The evidence on each site. Recurring lines come from the warehouse, and from the run once it has read all."""

    def __init__(self) -> None:
        self._boilerplate: dict[str, dict[str, Recurring]] = {}
        self._proven: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    @staticmethod
    def read(warehouse: Warehouse, config: SitesConfig, names: Collection[str] | None = None) -> Sites:
        """The evidence of the newest dated articles of the warehouse and the undated ones. Raises `WarehouseError`.

        `names` are the sites that will be asked for; None means all. A few documents need little of a large warehouse.
        """
        sites = Sites()
        excerpt = Excerpt(_COLUMNS, (_BOILERPLATE, mojibake.RULE), lambda articles: any(_are_of(articles, names)))
        parts = [
            _of_sites(part, names)
            for dated in (True, False)
            for part in warehouse.newest(dated, excerpt, config.articles, MOST_TEXT)
        ]
        if parts:
            articles, edits = (pa.concat_tables(tables) for tables in zip(*parts, strict=True))
            sites._read(articles, edits, config.boilerplate)
        return sites

    def _read(self, articles: pa.Table, edits: pa.Table, boilerplate: bool) -> None:
        uris = articles["uri"].to_pylist()
        damage, removed = (_by_article(articles, edits, rule) for rule in (mojibake.RULE, _BOILERPLATE))
        damaged: Counter[str] = Counter()
        for row, (uri, date_text) in enumerate(zip(uris, articles["date_text"].to_pylist(), strict=True)):
            stretches = damage.get(row, ()) if damaged[site_of(uri)] < DAMAGED else ()
            damaged[site_of(uri)] += bool(stretches)
            if date_text or stretches:
                self.learn(proofs(uri, date_text, stretches))
        if boilerplate:
            self._boilerplate = _lines(articles, removed)

    @staticmethod
    def excerpt(articles: pa.Table, edits: pa.Table) -> tuple[pa.Table, pa.Table]:
        """What `learn_lines` reads of articles and their edits."""
        removed = edits.filter(pc.equal(edits["rule"], _BOILERPLATE)).select(["article_id", "rule", "before"])
        return articles.select(_COLUMNS), removed

    def learn_lines(self, articles: pa.Table, edits: pa.Table) -> dict[str, dict[str, Recurring]]:
        """Learn the lines that recur in `articles` with these `edits`; returns, by site, those not known before."""
        learned: dict[str, dict[str, Recurring]] = {}
        for name, lines in _lines(articles, _by_article(articles, edits, _BOILERPLATE)).items():
            known = self._boilerplate.get(name, {})
            if new := {line: found for line, found in lines.items() if line not in known}:
                learned[name] = new
                self._boilerplate[name] = {**known, **new}
        return learned

    def learn(self, proven: Iterable[Proof]) -> None:
        for proof in proven:
            self._proven[proof.site, proof.kind].add(proof.value)

    def known(self, names: Iterable[str], settled: bool) -> dict[str, Site]:
        """The evidence on the sites of these names; until the run is `settled`, only what it cannot change."""
        return {name: self._known(name, settled) for name in set(names)}

    def _known(self, name: str, settled: bool) -> Site:
        orders = sorted(self._proven.get((name, ORDER), ())) if settled else []
        misreadings = sorted(self._proven.get((name, MISREADING), ())) if settled else []
        return Site(
            name,
            orders[0] if len(orders) == 1 else None,
            self._boilerplate.get(name, {}),
            tuple(misreadings),
        )


def _of_sites(part: tuple[pa.Table, pa.Table], names: Collection[str] | None) -> tuple[pa.Table, pa.Table]:
    """Articles and their edits, without those of sites that are not among `names`."""
    if names is None:
        return part
    articles, edits = part
    articles = articles.filter(pa.array(_are_of(articles, names), pa.bool_()))
    return articles, edits.filter(pc.is_in(edits["article_id"], articles["article_id"].combine_chunks()))


def _are_of(articles: pa.Table, names: Collection[str] | None) -> list[bool]:
    """Which articles are of the sites `names`; None means all sites."""
    return [names is None or site_of(uri) in names for uri in articles["uri"].to_pylist()]


def _lines(articles: pa.Table, removed: dict[int, list[str]]) -> dict[str, dict[str, Recurring]]:
    """The recurring lines of articles, by site; `removed` are those that were taken out, by row."""
    lines = [(row, line.strip("\n")) for row, some in removed.items() for line in some]
    rows, texts = zip(*lines, strict=True) if lines else ((), ())
    uris, headlines = articles["uri"].to_pylist(), articles["headline"].to_pylist()
    return recurring(Articles(uris, headlines, articles["body"], rows, texts))


def _by_article(articles: pa.Table, edits: pa.Table, rule: str) -> dict[int, list[str]]:
    """The text before the edits of one rule, by the row of the article."""
    edits = edits.filter(pc.equal(edits["rule"], rule))
    rows = pc.index_in(edits["article_id"], articles["article_id"].combine_chunks())
    found: dict[int, list[str]] = {}
    for row, before in zip(rows.to_pylist(), edits["before"].to_pylist(), strict=True):
        if row is not None:
            found.setdefault(row, []).append(before)
    return found
