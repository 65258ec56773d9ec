"""The known documents of the warehouse, published or quarantined.

A document is *unchanged* if its uri and content are already published or quarantined; it is not processed again. Of
several documents with one uri in a run, the first is used. A later one with the same content is unchanged; one with
other content gets the problem `duplicate-uri` and is quarantined, so it is known next time. It is as new when it comes
without another one before it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

from copydesk.records import CRITICAL, Arrival, Document, Problem, article_id
from copydesk.warehouse import decisions, index, layout, partition
from copydesk.warehouse.index import Small
from copydesk.warehouse.known import DUPLICATE_URI, Contents, Known, known
from copydesk.warehouse.schemas import VERSIONS
from copydesk.warehouse.store import Store, in_words

#: Documents that are looked up together, at most, and the bytes that they may have.
HANDFUL = 512
HANDFUL_BYTES = 4 * 2**20


class History:
    """All known documents, and which of them the present run has read again.

    `delivered` and `unchanged` are the counts of the last `select`; `repeated` is the part of the unchanged ones that
    this delivery itself has more than once. `left` has the first time and the last version of
    documents that were published and are not now, by id.
    """

    def __init__(
        self,
        published: Known,
        quarantined: Known,
        refused: Iterable[tuple[bytes, bytes]] = (),
        left: Mapping[str, tuple[datetime, int]] | None = None,
        small: Small | None = None,
    ) -> None:
        """`refused` are documents that people do not want back, each as its id and its content; `small` are the
        small files of the warehouse.
        """
        self.published, self.quarantined, self._refused = published, quarantined, frozenset(refused)
        self.left, self.small = left or {}, small or {}
        self.delivered = self.unchanged = self.repeated = 0

    @staticmethod
    def load(store: Store, cured: Collection[str] = ()) -> History:
        """Read the ids and digests of all articles and of the quarantine. Raises `WarehouseError`.

        Documents quarantined by one of the rules `cured` are processed again.
        """
        made = decisions.read(store)
        refused = decisions.refused(made)
        keys = ((bytes.fromhex(article_id(uri)), bytes.fromhex(content)) for uri, content in refused)
        cache = index.remembered(store)
        articles, small = index.read(store, "articles", cache)
        quarantine, also = index.read(store, "quarantine", cache)
        published = known(articles)
        gone = {article_id(uri) for uri, _ in decisions.withdrawn(made)}
        left = _left(store, {key for key in gone if not published.rows(bytes.fromhex(key))})
        return History(published, known(quarantine, cured), keys, left, {**small, **also})

    def is_known(self, article_id: str, content_sha256: str) -> bool:
        """Whether this content of this document is published or quarantined."""
        key, content = bytes.fromhex(article_id), bytes.fromhex(content_sha256)
        return any(known.find(key, content) is not None for known in (self.published, self.quarantined))

    def fate_of(self, article_id: str, content_sha256: str) -> str | None:
        """`published` or `quarantined` for known content, None for new content."""
        key, content = bytes.fromhex(article_id), bytes.fromhex(content_sha256)
        if self.published.find(key, content) is not None:
            return "published"
        return "quarantined" if self.quarantined.find(key, content) is not None else None

    def partition_of(self, article_id: str) -> date | None:
        """The first day of the partition of a published article, None if undated. KeyError: it is not published."""
        rows = self.published.rows(bytes.fromhex(article_id))
        if not rows:
            raise KeyError(article_id)
        return layout.day(int(self.published.files[rows[0]]))

    def take(self, documents: Iterable[Document]) -> Iterator[Document]:
        """All `documents`, which are known, counted as delivered."""
        self.delivered = self.unchanged = self.repeated = 0
        self.published.seen[:] = self.quarantined.seen[:] = False
        for document in documents:
            self.delivered += 1
            yield document

    def leave(self, chosen: Iterable[tuple[str, str]]) -> None:
        """Leave the quarantine as it is but for the `chosen` documents, each as its id and its content."""
        self.quarantined.seen[:] = True
        for key, content in chosen:
            row = self.quarantined.find(bytes.fromhex(key), bytes.fromhex(content))
            if row is not None:
                self.quarantined.seen[row] = False

    def stay(self, article_id: str, content_sha256: str) -> None:
        """Leave a document in the quarantine as it is, as one that has not changed."""
        row = self.quarantined.find(bytes.fromhex(article_id), bytes.fromhex(content_sha256))
        if row is not None:
            self.quarantined.seen[row] = True
        self.unchanged += 1

    def select(self, arrivals: Iterable[Arrival], retry_quarantined: bool = False) -> Iterator[Document]:
        """The documents that are new or changed, in the order in which they arrive.

        A second document with the uri of an earlier one gets the problem `duplicate-uri`. `retry_quarantined` also
        returns quarantined documents, for a run with changed rules.
        """
        self.delivered = self.unchanged = self.repeated = 0
        self.published.seen[:] = self.quarantined.seen[:] = False
        chosen = _Chosen(self, retry_quarantined)
        for some in _handfuls(arrivals):
            self.delivered += len(some)
            ids, contents = [article_id(one.uri) for one in some], [one.content_sha256 for one in some]
            rows = self.published.find_all(ids, contents)
            for arrival, key, content, row in zip(some, ids, contents, rows.tolist(), strict=True):
                if row >= 0 and chosen.is_empty and not self._refused:
                    self.published.seen[row] = True
                    self.unchanged += 1
                    continue
                taken = chosen.take(arrival, bytes.fromhex(key), bytes.fromhex(content), row)
                if taken is not None:
                    yield taken


class _Chosen:
    """What is chosen of a delivery: `first` has the content of each document that is processed in this run."""

    def __init__(self, history: History, retry_quarantined: bool) -> None:
        self._history, self._retry = history, retry_quarantined
        self.first = Contents()
        self.is_empty = True
        self._aside: set[tuple[bytes, bytes]] = set()

    def take(self, arrival: Arrival, key: bytes, content: bytes, row: int) -> Document | None:
        """The document if it is new or changed; `row` is that of its content among the published ones, or -1."""
        history, published = self._history, self._history.published
        if (key, content) in history._refused:
            known, duplicate = True, False
        elif (used := self.first.get(key)) is not None:
            repeated = used == content or (key, content) in self._aside
            history.repeated += repeated
            known, duplicate = repeated or self._is_quarantined(key, content, others=True), True
        else:
            if row >= 0:
                published.seen[row] = True
            duplicate = row < 0 and any(published.seen[other] for other in published.rows(key))
            known = row >= 0 or self._is_quarantined(key, content, duplicate) or (key, content) in self._aside
        if known:
            history.unchanged += 1
            return None
        document = arrival.document()
        if duplicate:
            self._aside.add((key, content))
            return replace(document, problem=document.problem or _duplicate(document))
        self.first.add(key, content)
        self.is_empty = False
        return document

    def _is_quarantined(self, key: bytes, content: bytes, others: bool) -> bool:
        return not self._retry and self._history.quarantined.see(key, content, others)


def _handfuls(arrivals: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    some: list[Arrival] = []
    size = 0
    for arrival in arrivals:
        some.append(arrival)
        size += len(arrival.content)
        if len(some) >= HANDFUL or size >= HANDFUL_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _duplicate(document: Document) -> Problem:
    observed = f"another document of this run has the same uri {document.uri[:200]!r} and different content"
    return Problem("read", DUPLICATE_URI, "uri", CRITICAL, observed)


def _left(store: Store, ids: Collection[str]) -> dict[str, tuple[datetime, int]]:
    """The first time and the last version of documents that only the table `versions` has."""
    found: dict[str, tuple[datetime, int]] = {}
    columns = ["article_id", "first_seen_at", "version"]
    with in_words("read the table versions"):
        for name in store.names("versions") if ids else ():
            for group in partition.read(store, name, VERSIONS, columns):
                for key, first, version in zip(*(group[column].to_pylist() for column in columns), strict=True):
                    if key in ids and version > found.get(key, (first, 0))[1]:
                        found[key] = (first, version)
    return found
