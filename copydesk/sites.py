"""What is known of sites: from the warehouse's newest articles, and from the documents of the run.

A proof holds for ever and counts once, however often it is met, so it does not matter which documents of a run were
published already. Where proofs of a site speak against each other, nothing is proven.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from copydesk.config import SitesConfig
from copydesk.recurring import Articles, recurring
from copydesk.text.site import MISREADING, ORDER, Proof, Recurring, Site, proofs
from copydesk.warehouse import Warehouse

#: No more is read once the columns read are so large, in bytes: of dated articles, and of undated ones.
MOST_TEXT = 48 * 2**20

_COLUMNS = ["article_id", "uri", "headline", "body", "date_text"]
_BOILERPLATE = "site-boilerplate"


class Sites:
    """What is proven on each site. Lines that recur are known from the warehouse alone."""

    def __init__(self) -> None:
        self._boilerplate: dict[str, dict[str, Recurring]] = {}
        self._proven: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    @staticmethod
    def read(warehouse: Warehouse, config: SitesConfig) -> Sites:
        """What the newest articles of the warehouse prove, and as many of the undated ones. Raises `WarehouseError`."""
        sites = Sites()
        parts = [
            part
            for dated in (True, False)
            for part in warehouse.newest(dated, _COLUMNS, config.articles, MOST_TEXT, [_BOILERPLATE])
        ]
        if parts:
            articles, edits = (pa.concat_tables(tables) for tables in zip(*parts, strict=True))
            sites._read(articles, edits, config.boilerplate)
        return sites

    def _read(self, articles: pa.Table, edits: pa.Table, boilerplate: bool) -> None:
        uris = articles["uri"].to_pylist()
        for uri, date_text in zip(uris, articles["date_text"].to_pylist(), strict=True):
            if date_text:
                self.learn(proofs(uri, date_text))
        if not boilerplate:
            return
        rows = pc.index_in(edits["article_id"], articles["article_id"].combine_chunks())
        lines = [before.strip("\n") for before in edits.filter(rows.is_valid())["before"].to_pylist()]
        known = recurring(
            Articles(
                uris,
                articles["headline"].to_pylist(),
                articles["body"].combine_chunks(),
                rows.drop_null().to_pylist(),
                lines,
            )
        )
        for site, found in known.items():
            self._boilerplate[site] = found

    def learn(self, proven: Iterable[Proof]) -> None:
        for proof in proven:
            self._proven[proof.site, proof.kind].add(proof.value)

    def known(self, names: Iterable[str], settled: bool) -> dict[str, Site]:
        """What is known of the sites of these names; while the run is not `settled`, only what it cannot change."""
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
