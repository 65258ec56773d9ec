"""Which articles of the warehouse are copies once a commit is done: what changes in the tables, from what it changes.

The articles that a commit adds and takes away are looked up in the signatures. Only clusters that they have to do
with are made again, from the texts of their members, so the time that this takes depends on the commit and not on the
warehouse. `docs/explanation/duplicates.md` says why that gives the clusters that comparing everything would give.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.duplicates.articles import entries, texts
from copydesk.duplicates.candidates import crowded, ranges, slices
from copydesk.duplicates.clusters import Clusters, Settings, cluster
from copydesk.duplicates.compare import KINDS, Text
from copydesk.duplicates.entries import Entries
from copydesk.duplicates.sketch import cluster_keys
from copydesk.warehouse import layout, partition
from copydesk.warehouse.known import Known
from copydesk.warehouse.levels import BITMAPS, KEYS, NO_ROWS, Level, Levels, RowChange, Rows
from copydesk.warehouse.members import AT_ONCE, PLACE, Published, Stored, handfuls, references
from copydesk.warehouse.partners import Partners, bitmaps_of, in_clusters, left_to_others, likely, matched, partners
from copydesk.warehouse.schemas import DUPLICATES
from copydesk.warehouse.signatures import UNKNOWN, State, bitmap_rows, change_of, is_there, key_rows, state
from copydesk.warehouse.signs import At, Read, Signs, signs
from copydesk.warehouse.store import Store


class Placed(NamedTuple):
    """New places of some articles: their ids, and the columns of `Place`, as arrays of strings."""

    ids: pa.Array
    columns: Sequence[pa.Array]


class Places:
    """The new places of articles by file, made when they are asked for."""

    def __init__(self, made: Clusters, articles: Any, days: Any) -> None:
        """`articles` int64[n] of those in `made` have new places, in the files `days` int64[n]."""
        self._made = made
        order = np.argsort(days, kind="stable")
        found, starts = np.unique(days[order], return_index=True)
        self._of = dict(zip(found.tolist(), np.split(articles[order], starts[1:]), strict=True)) if len(found) else {}

    @property
    def days(self) -> set[int]:
        """The files that have such articles."""
        return set(self._of)

    def of(self, days: Sequence[int]) -> Placed | None:
        """The new places of the articles in some files, None if there are none."""
        parts = [self._of[day] for day in days if day in self._of]
        if not parts:
            return None
        some = np.concatenate(parts)
        return Placed(_strings(self._made.entries.ids[some]), _places(self._made, some))


class Compared(NamedTuple):
    """What a commit has to write beside its rows.

    `places` are the new places of articles in clusters; `duplicates` the new content of partitions of
    that table, `signatures` the files of the signatures, `state` the file beside them. `clusters` are all that
    were made again, `fresh` bool[n] says which of their articles the commit adds; `rows` reads some of these articles.
    """

    places: Places
    duplicates: Mapping[int, pa.Table]
    signatures: Mapping[str, Level]
    state: bytes | None
    clusters: Clusters = Clusters.none()
    fresh: Any = np.zeros(0, bool)
    rows: Callable[[Sequence[int]], list[dict[str, Any]]] = lambda articles: []


NOTHING = Compared(Places(Clusters.none(), np.empty(0, np.int64), np.empty(0, np.int64)), {}, {}, None)


def forgotten(store: Store) -> Compared:
    """For a commit that does not compare: the next one that does compares everything."""
    there = store.size(layout.SIGNATURES_STATE) is not None
    return NOTHING._replace(state=UNKNOWN.content()) if there else NOTHING


@dataclass(frozen=True)
class Delta:
    """What a commit does to the articles: `leaving` are the ids that it takes away, by partition, of those that are
    `published`; `added` are the signs of its new rows, which are published but for the days `held`.
    """

    store: Store
    published: Known
    leaving: Mapping[int, Sequence[str]]
    added: Signs
    held: Collection[int] = ()


def compare(delta: Delta, settings: Settings | None, anew: bool = False) -> Compared:
    """Compare what a commit changes with all that is published.

    Without `settings` those of the last run count, and nothing is done if there are none. If the signatures do
    not fit the articles or the settings, all articles are compared with each other, as with `anew`.
    """
    known = state(delta.store)
    fits = known is not None and known.articles == len(delta.published) and is_there(delta.store, known)
    if settings is None:
        if not fits or known is None:
            return forgotten(delta.store)
        settings = known.settings
    elif known is not None and known.settings != settings:
        fits = False
    whole = anew or not fits
    has_bitmaps = not whole and known is not None and bool(known.outlines)
    tables = Levels(delta.store, KEYS, whole), Levels(delta.store, BITMAPS, not has_bitmaps)
    return _Comparison(delta, settings, *tables, whole).done()


@dataclass
class _Comparison:
    """`whole`: compare all articles, since the signatures are of no use. `table` has the keys, `bitmaps` the bitmaps.

    `fresh` are the articles that the commit publishes. The published ones that are looked at are in `signs`, those that
    leave in `leaving`; `members` and `left` are their rows before, with `PLACE`, if not all are looked at.
    """

    delta: Delta
    settings: Settings
    table: Levels
    bitmaps: Levels
    whole: bool
    members: list[Stored] = field(default_factory=list)
    left: list[Stored] = field(default_factory=list)

    def __post_init__(self) -> None:
        gone = frozenset(key for keys in self.delta.leaving.values() for key in keys)
        self.published = Published(self.delta.store, self.delta.published, gone)
        self.fresh = self._fresh()
        self.signs = self.delta.added.beside()

    def done(self) -> Compared:
        if not (self.whole or len(self.fresh.dates) or self.published.gone):
            return NOTHING
        self.leaving = Entries.of([])
        had, lacking, silent = NO_ROWS, NO_ROWS, np.empty(0, np.uint32)
        if self.whole:
            self._add(self.published.every())
        else:
            self.left = list(self.published.members(self.delta.leaving))
            self.leaving = Entries.of([entry for stored in self.left for entry in entries(stored.rows.to_pylist())])
            had, lacking, silent = self._concerned()
        self.signs.close()
        known = self.signs.read()
        self.read, count = self.fresh.then(known), len(self.fresh.dates)
        self.entries = self.read.entries
        dead = self._crowded() if self.whole else np.concatenate([silent, self._crowded_beside(known.entries)])
        made = cluster(self.entries, dead, self._texts, self.settings.limits)
        changed = np.concatenate([np.arange(count), *self._moved(made, count)])
        files = self.table.changed(self._change(made, had))
        bitmaps = self.bitmaps.changed(self._change_of_bitmaps(lacking))
        articles = len(self.delta.published) - len(self.published.gone) + count
        return Compared(
            Places(made, changed, self.read.files[changed]),
            self._pairs(made),
            {**files, **bitmaps},
            State(articles, self.settings, self.table.levels(files), self.bitmaps.levels(bitmaps)).content(),
            made,
            np.arange(len(self.read.dates)) < count,
            lambda some: [row for rows in self._rows(some) for row in rows],
        )

    # --- rows

    def _add(self, several: Iterable[Stored]) -> None:
        """Add published articles to those that are looked at."""
        for some in handfuls(several):
            files = np.repeat([one.day for one in some], [len(one.rows) for one in some])
            self.signs.add(signs(pa.concat_tables([one.rows for one in some])), files)
            if not self.whole:
                self.members += [Stored(one.day, one.rows.select(["article_id", *PLACE])) for one in some]

    def _fresh(self) -> Read:
        found = self.delta.added.read()
        if not self.delta.held:
            return found
        return found.take(np.flatnonzero(~np.isin(found.dates, list(self.delta.held))))

    def _texts(self, articles: Sequence[int]) -> dict[int, Text]:
        """The texts of some of `entries`."""
        found = {key: text for rows in self._rows(articles) for key, text in texts(rows).items()}
        return {article: found[self.entries.ids[article].decode()] for article in articles}

    def _rows(self, articles: Sequence[int]) -> Iterator[list[dict[str, Any]]]:
        """The rows of some of `entries`."""
        count = len(self.fresh.dates)
        for kept, some in (
            (self.delta.added, [one for one in articles if one < count]),
            (self.signs, [one for one in articles if one >= count]),
        ):
            rows = kept.rows([At(*self.read.at[one].tolist()) for one in some])
            while part := list(islice(rows, AT_ONCE)):
                yield part

    def _moved(self, made: Clusters, count: int) -> Iterator[Any]:
        """Which of the published articles, those behind the first `count`, have another place than before."""
        columns = ["article_id", *PLACE]
        for _, rows in self.published.every(columns) if self.whole else self.members:
            own = np.arange(count, count + len(rows))
            pairs = zip(_places(made, own), (rows[name] for name in PLACE), strict=True)
            same = [pc.equal(pc.fill_null(now, ""), pc.fill_null(before, "")).to_numpy() for now, before in pairs]
            yield own[~np.all(same, axis=0)]
            count += len(rows)

    # --- the articles that are concerned

    def _concerned(self) -> tuple[Rows, Rows, Any]:
        """Add the published articles whose cluster may change. Returns the rows of their clusters among the keys, the
        rows that the bitmaps lack, and the keys of fresh and leaving articles that say nothing.
        """
        left = key_rows(self.leaving)
        sure, losing, silent = np.empty(0, np.uint64), np.empty(0, np.uint64), [np.empty(0, np.uint32)]
        matches: list[Partners] = []
        of_leaving: list[Partners] = []
        for low, high in ranges(len(self.fresh.entries.keys) + len(left.keys)):
            fresh, leaving = key_rows(self.fresh.entries, low, high), left.take((left.keys >= low) & (left.keys < high))
            before = self.table.find(np.unique(np.concatenate([fresh.keys, leaving.keys])))
            after = Rows.joined([before, fresh, leaving.leaving()])
            after = after.settled(keep_gone=False) if len(leaving.keys) else after
            sharing = self.settings.sharing
            full, dead = (crowded(rows.keys, rows.digests, sharing) for rows in (before, after))
            silent.append(dead)
            sure = np.union1d(sure, before.articles[np.isin(before.keys, np.setdiff1d(full, dead))])
            losing = np.union1d(losing, before.articles[np.isin(before.keys, np.setdiff1d(dead, full))])
            matches.append(matched(fresh, before, dead))
            of_leaving.append(matched(left_to_others(leaving, after), before, dead))
        found = partners(matches)
        more = (
            partners(of_leaving).articles,
            found.articles[found.sure],
            in_clusters(losing, self.table, self.published),
        )
        sure = np.union1d(sure, np.concatenate(more))
        strangers, limits = found.without(sure), self.settings.limits
        alike, lacking = likely(strangers, self.fresh.entries, self.published, self.bitmaps, limits)
        return self._clusters_of(np.union1d(sure, alike)), lacking, np.concatenate(silent)

    def _clusters_of(self, articles: Any) -> Rows:
        """Add published articles, uint64[n], and all others of their clusters and of those of the leaving ones. Returns
        the rows of these clusters among the keys.
        """
        ids = [table["cluster_id"] for _, table in self.published.columns(articles, ["cluster_id"])]
        ids += [stored.rows["cluster_id"] for stored in self.left]
        clusters = pc.unique(pa.chunked_array([chunk for column in ids for chunk in column.chunks], pa.string()))
        keys = cluster_keys(references(np.array(clusters.to_pylist(), "S32")))
        found = self.table.find(np.unique(keys))
        read = self.published.of(np.union1d(articles, found.articles))
        # Two clusters may have the same key.
        self._add(Stored(day, rows.filter(pc.is_in(rows["cluster_id"], clusters))) for day, rows in read)
        every = [*self.members, *self.left]
        members, of = (references(_column(every, name)) for name in ("article_id", "cluster_id"))
        own = set(zip(cluster_keys(of).tolist(), members.tolist(), strict=True))
        pairs = zip(found.keys.tolist(), found.articles.tolist(), strict=True)
        return found.take(np.array([pair in own for pair in pairs], bool))

    def _crowded_beside(self, known: Entries) -> Any:
        """Those keys of several `known` articles that say nothing, without those of fresh and leaving ones."""
        keys, counts = np.unique(known.keys, return_counts=True)
        keys = np.setdiff1d(keys[counts > 1], self.leaving.keys)
        for part in slices(self.fresh.entries.keys):
            keys = np.setdiff1d(keys, self.fresh.entries.keys[part])
        found = self.table.find(keys)
        return crowded(found.keys, found.digests, self.settings.sharing)

    def _crowded(self) -> Any:
        found = [np.empty(0, np.uint32)]
        for low, high in ranges(len(self.entries.keys)):
            rows = key_rows(self.entries, low, high)
            found.append(crowded(rows.keys, rows.digests, self.settings.sharing))
        return np.concatenate(found)

    # --- what changes

    def _change(self, made: Clusters, had: Rows) -> RowChange:
        """The change of the keys: those of articles that come and go, and the members of clusters."""
        several = np.flatnonzero(np.bincount(made.canonical, minlength=len(made.canonical))[made.canonical] > 1)
        named = references(made.entries.ids)
        clusters, of = np.unique(made.canonical[several], return_inverse=True)
        have = Rows.made(cluster_keys(named[clusters])[of], named[several], np.zeros(len(several)))
        left = key_rows(self.leaving)
        few = Rows.joined([had.leaving(), have, left.leaving()])
        new = self.entries if self.whole else self.fresh.entries
        return change_of(KEYS, few, len(new.keys), lambda low, high: key_rows(new, low, high))

    def _change_of_bitmaps(self, lacking: Rows) -> RowChange:
        """The change of the bitmaps: those of articles that come and go, and those that are `lacking`."""
        left = bitmaps_of(references(self.leaving.ids), self.bitmaps)
        few = Rows.joined([left.leaving(), lacking])
        new = self.entries if self.whole else self.fresh.entries
        return change_of(BITMAPS, few, len(new.ids), lambda low, high: bitmap_rows(new, low, high))

    def _pairs(self, made: Clusters) -> dict[int, pa.Table]:
        """The partitions of `duplicates` that change, as they are then."""
        of_copies = self.read.files[made.copies]
        order = np.argsort(of_copies, kind="stable")
        own, starts = np.unique(of_copies[order], return_index=True)
        new = dict(zip(own.tolist(), np.split(order, starts[1:]), strict=True)) if len(own) else {}
        before = (*self.members, *self.left)
        days = {day for day, rows in before if rows["duplicate_of"].null_count < len(rows)} | new.keys()
        if self.whole:
            listed = self.delta.store.names("duplicates")
            number_of = self.delta.store.partitions.number_of
            days |= {day for name in listed if (day := number_of("duplicates", name)) is not None}
        found = {}
        for day in sorted(days):
            old = _whole(self.delta.store, day)
            kept = old.slice(0, 0) if self.whole or not len(old) else old.filter(self._unconcerned(old["article_id"]))
            table = pa.concat_tables([kept, self._pairs_table(made, new.get(day, order[:0]))]).sort_by(
                [("article_id", "ascending"), ("other_id", "ascending")]
            )
            if not table.equals(old):
                found[day] = table
        return found

    @cached_property
    def _concern(self) -> frozenset[str]:
        """The ids of all articles that are looked at."""
        return frozenset(key.decode() for key in (*self.entries.ids.tolist(), *self.leaving.ids.tolist()))

    def _unconcerned(self, ids: pa.ChunkedArray) -> pa.Array:
        return pa.array([key not in self._concern for key in ids.to_pylist()], pa.bool_())

    def _pairs_table(self, made: Clusters, pairs: Any) -> pa.Table:
        """Pairs with the columns of the table's files: by month, with their dates."""
        copies = made.copies[pairs]
        columns = [
            _strings(made.entries.ids[copies]),
            _strings(made.entries.ids[made.originals[pairs]]),
            pa.array(KINDS, pa.string()).take(pa.array(made.kinds[pairs])),
            pa.array(made.similarities[pairs]).cast(pa.float32()),
        ]
        table = pa.table(columns, schema=DUPLICATES)
        if self.delta.store.partitions.has_months("duplicates"):
            dates = self.read.dates[copies]
            column = pa.array(dates, pa.int32(), mask=dates == layout.UNDATED).cast(pa.date32())
            table = table.append_column("published_date", column)
        return table


def _places(made: Clusters, some: Any) -> list[pa.Array]:
    """The columns of `PLACE` of some articles."""
    canonical = made.canonical[some]
    clusters = _strings(made.entries.ids[canonical])
    copies = pc.if_else(pa.array(canonical == some), pa.scalar(None, pa.string()), clusters)
    agencies = pa.array(made.entries.names, pa.string()).take(_codes(made.agencies[some]))
    return [clusters, copies, agencies]


def placed(table: pa.Table, places: Placed | None) -> pa.Table:
    """Rows of `ARTICLES` with the new places of some of them."""
    at = pc.index_in(table["article_id"], places.ids) if places is not None else None
    if places is None or at is None or at.null_count == len(table):
        return table
    for name, values in zip(PLACE, places.columns, strict=True):
        index = table.schema.get_field_index(name)
        column = pc.if_else(at.is_valid(), values.take(at.combine_chunks()), table[name])
        table = table.set_column(index, table.schema.field(index), column)
    return table


def _whole(store: Store, day: int) -> pa.Table:
    name, schema = store.partitions.file("duplicates", day), store.partitions.schema("duplicates")
    tables = partition.read(store, name, schema) if store.size(name) is not None else ()
    return pa.concat_tables([schema.empty_table(), *tables]).combine_chunks()


def _column(some: Sequence[Stored], name: str) -> Any:
    """A column of ids, bytes[n, 32]."""
    return np.array([key for stored in some for key in stored.rows[name].to_pylist()], "S32")


def _strings(ids: Any) -> pa.Array:
    return pa.array(ids.tolist(), pa.binary()).cast(pa.string())


def _codes(codes: Any) -> pa.Array:
    """Places in a list of names; those below 0 are null."""
    return pa.array(codes, pa.int16(), mask=codes < 0)
