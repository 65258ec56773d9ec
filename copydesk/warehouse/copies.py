"""Which articles of the warehouse are copies once a commit is done: what changes in the tables, from what it changes.

The articles that a commit adds and takes away are looked up in the signature table. Only clusters that they have to do
with are made again, from the texts of their members, so the time that this takes depends on the commit and not on the
warehouse. `docs/explanation/duplicates.md` says why that gives the clusters that comparing everything would give.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from copydesk.duplicates.articles import COLUMNS, entries, texts
from copydesk.duplicates.clusters import Clusters, Entry, Pair, Place, Settings, cluster, crowded
from copydesk.duplicates.compare import Text
from copydesk.duplicates.sketch import BODY, LEAST_COMMON, cluster_key
from copydesk.warehouse import layout, partition
from copydesk.warehouse.known import Known
from copydesk.warehouse.published import dates_of
from copydesk.warehouse.schemas import DUPLICATES
from copydesk.warehouse.signatures import NO_ROWS, UNKNOWN, Rows, Signatures, State, Tables, is_there, state
from copydesk.warehouse.signs import At, Signs
from copydesk.warehouse.store import Store

#: The columns that say what a row tells of its cluster.
PLACE = Place._fields
#: The place of an article that is not published yet.
NOWHERE = Place("", None, None)
_READ = [name for name in COLUMNS if name != "published_date"]
#: Rows that are read together.
_AT_ONCE = 4096
#: Articles whose rows are kept in memory; those of more are read twice.
KEPT = 10_000


class Compared(NamedTuple):
    """What a commit has to write beside its rows.

    `places` are the new places of articles in clusters, by day and id; `duplicates` the new content of partitions of
    that table, `signatures` the files of the signature table, `state` the file beside them. `clusters` are all that
    were made again, `fresh` the ids of the articles that the commit adds; `rows` reads some of these articles.
    """

    places: Mapping[int, Mapping[str, Place]]
    duplicates: Mapping[int, pa.Table]
    signatures: Mapping[str, Tables]
    state: bytes | None
    clusters: Clusters = Clusters({}, [])
    fresh: Collection[str] = ()
    rows: Callable[[Sequence[str]], list[dict[str, Any]]] = lambda ids: []


NOTHING = Compared({}, {}, {}, None)


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

    Without `settings` those of the last run count, and nothing is done if there are none. If the signature table does
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
    work = _Comparison(delta, settings, whole=anew or not fits)
    return work.done()


@dataclass(slots=True)
class _Member:
    """An article that is looked at: its partition, its date, and its place before. `fresh` rows are not published yet.
    `row` is its row with `COLUMNS`, unless there are too many; fresh rows are on disk, at `at`.
    """

    entry: Entry
    day: int
    date: date | None
    place: Place
    fresh: bool
    row: dict[str, Any] | None
    at: At | None = None


@dataclass
class _Comparison:
    """`whole`: compare all articles, since the signature table is of no use."""

    delta: Delta
    settings: Settings
    whole: bool
    members: dict[str, _Member] = field(default_factory=dict)
    removed: dict[str, _Member] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.table = Signatures(self.delta.store, empty=self.whole)
        self.gone = {key for keys in self.delta.leaving.values() for key in keys}

    def done(self) -> Compared:
        for member in self._fresh():
            self._add(member)
        fresh = list(self.members)
        if not (self.whole or fresh or self.gone):
            return NOTHING
        if self.whole:
            self._read_all()
            had, dead = NO_ROWS, self._crowded()
        else:
            for member in self._stored(self.delta.leaving):
                self.removed[member.entry.article_id] = member
            had, dead = self._concerned()
        made = cluster((one.entry for one in self.members.values()), dead, self._texts, self.settings.limits)
        places: dict[int, dict[str, Place]] = {}
        for key, member in self.members.items():
            if member.fresh or member.place != made.places[key]:
                places.setdefault(member.day, {})[key] = made.places[key]
        change = self._change(made, had)
        articles = len(self.delta.published) - len(self.gone) + len(fresh)
        files = dict(self.table.emptied()) if self.whole else {}
        files |= self.table.changed(change)
        return Compared(
            places,
            self._pairs(made),
            files,
            State(articles, self.settings, self.table.levels(files)).content(),
            made,
            frozenset(fresh),
            lambda ids: [row for rows in self._rows(ids) for row in rows],
        )

    # --- rows

    def _add(self, member: _Member) -> None:
        if len(self.members) >= KEPT:
            member.row = None
        self.members.setdefault(member.entry.article_id, member)

    def _fresh(self) -> Iterator[_Member]:
        for sign in self.delta.added.read():
            if layout.number(sign.date) not in self.delta.held:
                yield _Member(sign.entry, sign.file, sign.date, NOWHERE, True, None, sign.at)

    def _stored(self, wanted: Mapping[int, Sequence[str]]) -> Iterator[_Member]:
        for day in sorted(wanted):
            for rows in _published(self.delta.store, day, wanted[day]):
                yield from _members(rows, day)

    def _read_all(self) -> None:
        days = np.unique(self.delta.published.files).tolist()
        for day in days:
            for rows in _published(self.delta.store, day, None):
                for member in _members([row for row in rows if row["article_id"] not in self.gone], day):
                    self._add(member)

    def _texts(self, ids: Sequence[str]) -> dict[str, Text]:
        """The texts of members."""
        return {key: text for rows in self._rows(ids) for key, text in texts(rows).items()}

    def _rows(self, ids: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
        """The rows of members; those that are not in memory are read again."""
        wanted = [self.members[key] for key in ids]
        yield [one.row for one in wanted if one.row is not None]
        fresh = self.delta.added.rows([one.at for one in wanted if one.at is not None])
        while some := list(islice(fresh, _AT_ONCE)):
            yield some
        days: dict[int, list[str]] = {}
        for one in wanted:
            if one.row is None and one.at is None:
                days.setdefault(one.day, []).append(one.entry.article_id)
        for day in sorted(days):
            yield from _published(self.delta.store, day, days[day])

    # --- the articles that are concerned

    def _concerned(self) -> tuple[Rows, Any]:
        """Add the published articles whose cluster may change. Returns the rows of their clusters in the signature
        table, and the keys of all members that say nothing.
        """
        fresh, left = _keys_of(self.members.values()), _keys_of(self.removed.values())
        keys = np.unique(np.concatenate([fresh.keys, left.keys]))
        before = self.table.find(keys)
        after = Rows.joined([before, fresh, left._replace(gone=~left.gone)]).settled(keep_gone=False)
        sharing = self.settings.sharing
        full, dead = (crowded(rows.keys, rows.contents, sharing) for rows in (before, after))
        turned = np.setxor1d(full, dead)
        near = _partners(Rows.joined([fresh, _left_to_others(left, after)]), before, dead)
        near = np.union1d(near, before.articles[np.isin(before.keys, turned)])
        for member in self._of(near):
            self._add(member)
        clusters = {one.place.cluster_id for one in (*self.removed.values(), *self.members.values()) if not one.fresh}
        had = self._members_of(clusters)
        return had, np.concatenate([dead, self._crowded_beside(keys)])

    def _members_of(self, clusters: Collection[str]) -> Rows:
        """Add the articles of clusters, and return their rows in the signature table."""
        found = self.table.find(np.unique(np.array([cluster_key(key) for key in clusters], np.uint32)))
        for member in self._of(np.unique(found.articles)):
            if member.place.cluster_id in clusters:  # two clusters may have the same key
                self._add(member)
        own = {
            (cluster_key(one.place.cluster_id), _reference(key))
            for some in (self.members, self.removed)
            for key, one in some.items()
            if not one.fresh
        }
        pairs = zip(found.keys.tolist(), found.articles.tolist(), strict=True)
        return found.take(np.array([pair in own for pair in pairs], bool))

    def _of(self, articles: Any) -> Iterator[_Member]:
        """The published articles that these rows of the signature table mean, without those that leave."""
        published = self.delta.published
        days: dict[int, list[str]] = {}
        start = np.searchsorted(published.firsts, articles)
        stop = np.searchsorted(published.firsts, articles, "right")
        rows = [row for one, end in zip(start.tolist(), stop.tolist(), strict=True) for row in range(one, end)]
        for row, key in zip(rows, published.article_ids(rows), strict=True):
            if key not in self.gone and key not in self.members:
                days.setdefault(int(published.files[row]), []).append(key)
        yield from self._stored(days)

    def _crowded_beside(self, known: Any) -> Any:
        """Those keys of several members that say nothing, without the `known` ones."""
        every = np.concatenate([np.empty(0, np.uint32), *(one.entry.keys for one in self.members.values())])
        keys, counts = np.unique(every, return_counts=True)
        found = self.table.find(np.setdiff1d(keys[counts > 1], known))
        return crowded(found.keys, found.contents, self.settings.sharing)

    def _crowded(self) -> Any:
        rows = _keys_of(self.members.values())
        return crowded(rows.keys, rows.contents, self.settings.sharing)

    # --- what changes

    def _change(self, made: Clusters, had: Rows) -> Rows:
        """The change of the signature table: the keys of articles that come and go, and the members of clusters."""
        sizes = Counter(place.cluster_id for place in made.places.values())
        several = [(place.cluster_id, key) for key, place in made.places.items() if sizes[place.cluster_id] > 1]
        have = Rows.made(
            [cluster_key(cluster_id) for cluster_id, _ in several], [_reference(key) for _, key in several],
            np.zeros(len(several)),
        )  # fmt: skip
        new = _keys_of(one for one in self.members.values() if one.fresh or self.whole)
        parts = [had._replace(gone=np.ones(len(had.keys), bool)), have, new]
        left = _keys_of(self.removed.values())
        return Rows.joined([*parts, left._replace(gone=~left.gone)]).settled(keep_gone=True)

    def _pairs(self, made: Clusters) -> dict[int, pa.Table]:
        """The partitions of `duplicates` that change, as they are then."""
        new: dict[int, list[Pair]] = {}
        for pair in made.pairs:
            new.setdefault(self.members[pair.article_id].day, []).append(pair)
        before = [one for one in (*self.members.values(), *self.removed.values()) if not one.fresh]
        days = {one.day for one in before if one.place.duplicate_of is not None} | new.keys()
        if self.whole:
            listed = self.delta.store.names("duplicates")
            number_of = self.delta.store.partitions.number_of
            days |= {day for name in listed if (day := number_of("duplicates", name)) is not None}
        concerned = pa.array([*self.members, *self.removed], pa.string())
        found = {}
        for day in sorted(days):
            old = _whole(self.delta.store, day)
            kept = old.filter(pc.invert(pc.is_in(old["article_id"], concerned))) if not self.whole else old.slice(0, 0)
            table = pa.concat_tables([kept, self._pairs_table(new.get(day, ()))]).sort_by(
                [("article_id", "ascending"), ("other_id", "ascending")]
            )
            if not table.equals(old):
                found[day] = table
        return found

    def _pairs_table(self, pairs: Sequence[Pair]) -> pa.Table:
        """Pairs with the columns of the table's files: by month, with their dates."""
        table = pairs_table(pairs)
        if self.delta.store.partitions.has_months("duplicates"):
            dates = pa.array([self.members[pair.article_id].date for pair in pairs], pa.date32())
            table = table.append_column("published_date", dates)
        return table


def pairs_table(pairs: Iterable[Pair]) -> pa.Table:
    """Pairs as Arrow with the schema `DUPLICATES`."""
    pairs = list(pairs)
    columns = [[getattr(pair, name) for pair in pairs] for name in DUPLICATES.names]
    arrays = [pa.array(column, one.type) for column, one in zip(columns, DUPLICATES, strict=True)]
    return pa.table(arrays, schema=DUPLICATES)


def placed(table: pa.Table, places: Mapping[str, Place]) -> pa.Table:
    """Rows of `ARTICLES` with the new places of some of them."""
    at = pc.index_in(table["article_id"], pa.array(places, pa.string())) if places else None
    if at is None or at.null_count == len(table):
        return table
    for name in PLACE:
        index = table.schema.get_field_index(name)
        values = pa.array([getattr(place, name) for place in places.values()], pa.string())
        column = pc.if_else(at.is_valid(), values.take(at.combine_chunks()), table[name])
        table = table.set_column(index, table.schema.field(index), column)
    return table


def _whole(store: Store, day: int) -> pa.Table:
    name, schema = store.partitions.file("duplicates", day), store.partitions.schema("duplicates")
    tables = partition.read(store, name, schema) if store.size(name) is not None else ()
    return pa.concat_tables([schema.empty_table(), *tables]).combine_chunks()


def _published(store: Store, day: int, ids: Sequence[str] | None) -> Iterator[list[dict[str, Any]]]:
    """Rows of articles of one day with `COLUMNS` and `PLACE`; all, or those of some ids."""
    keys = None if ids is None else pa.array(ids, pa.string())
    columns = [*_READ, *PLACE, *["published_date"] * store.partitions.has_months("articles")]
    name = store.partitions.file("articles", day)
    for group in partition.read(store, name, store.partitions.schema("articles"), columns):
        chosen = group if keys is None else group.filter(pc.is_in(group["article_id"], keys))
        for start in range(0, len(chosen), _AT_ONCE):
            yield _rows(chosen.slice(start, _AT_ONCE), day)


def _rows(table: pa.Table, day: int) -> list[dict[str, Any]]:
    table = table.select([*_READ, *PLACE]).append_column("published_date", dates_of(table, day))
    return table.to_pylist()  # type: ignore[no-any-return]


def _members(rows: Sequence[dict[str, Any]], day: int) -> Iterator[_Member]:
    """Published articles."""
    for row, entry in zip(rows, entries(rows), strict=True):
        yield _Member(entry, day, row["published_date"], Place(*(row[name] for name in PLACE)), False, row)


def _reference(article_id: str) -> int:
    return int(article_id[:16], 16)


def _keys_of(members: Iterable[_Member]) -> Rows:
    """The rows of the signature table for the keys of articles."""
    own = [member.entry for member in members]
    counts = [len(entry.keys) for entry in own]
    return Rows.made(
        np.concatenate([NO_ROWS.keys, *(entry.keys for entry in own)]),
        np.repeat(np.array([_reference(entry.article_id) for entry in own], np.uint64), counts),
        np.repeat(np.array([entry.content >> 32 for entry in own], np.uint32), counts),
    )


def _left_to_others(left: Rows, after: Rows) -> Rows:
    """The keys of leaving articles whose words others have, too: one of those is now compared in their place, and may
    be written with other capitals.
    """
    own, others = (rows.keys.astype(np.uint64) << np.uint64(32) | rows.contents for rows in (left, after))
    return left.take(np.isin(own, others))


def _partners(fresh: Rows, before: Rows, dead: Any) -> Any:
    """The articles in `before` that have enough keys in common with one of `fresh`, without those that are `dead`.

    Of articles with the same content one is enough: thousands may be alike, on both sides.
    """
    fresh = fresh.take(~np.isin(fresh.keys, dead))
    _, firsts = np.unique(fresh.keys.astype(np.uint64) << np.uint64(32) | fresh.contents, return_index=True)
    fresh = fresh.take(firsts)
    start = np.searchsorted(before.keys, fresh.keys)
    counts = np.searchsorted(before.keys, fresh.keys, "right") - start
    rows = np.repeat(start - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
    articles, others = np.unique(before.articles[rows], return_inverse=True)
    _, own = np.unique(np.repeat(fresh.contents, counts), return_inverse=True)
    weights = np.where(np.repeat(fresh.keys, counts) & 3 == BODY, 1, LEAST_COMMON)
    codes, at = np.unique(own.astype(np.int64) << 32 | others, return_inverse=True)
    enough = np.bincount(at, weights, len(codes)) >= LEAST_COMMON
    return articles[np.unique(codes[enough] & (2**32 - 1))]
