"""Cleans batches in worker processes or on a cluster, in order and in bounded memory."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from functools import partial
from itertools import chain, islice
from typing import Any, Protocol

from copydesk import deadline
from copydesk.config import Config
from copydesk.config.user_lists import could_install
from copydesk.languages import session
from copydesk.own_process import give_back, is_own
from copydesk.records import Document
from copydesk.reviewed import NO_CHOICES, Choices
from copydesk.run.batch import Batch, clean_batch, join
from copydesk.run.child import END_SECONDS, WorkerDied, begin, start_tracker, starting
from copydesk.run.cluster import engine
from copydesk.run.in_flight import in_order
from copydesk.sites.evidence import Sites
from copydesk.text.site import site_of

#: Minimum documents, or bytes, that are judged and staged together.
JUDGED_DOCUMENTS, JUDGED_BYTES = 8_000, 12 * 2**20

#: Calls `clean_batch` with each set of arguments; the results come in order. What has been submitted may begin at once.
Clean = Callable[[Iterable[tuple[Any, ...]]], Iterator[Batch]]


class Room(Protocol):
    """A store for waiting documents: `wait` adds them, `waiting` returns all of them in order at the end."""

    def wait(self, documents: Sequence[Document]) -> None: ...

    def waiting(self) -> Iterator[Document]: ...


def joined(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Join batches until they are large enough to stage: each time rows of all their dates go to disk."""
    waiting: list[Batch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(b.documents for b in waiting) >= JUDGED_DOCUMENTS or sum(b.size for b in waiting) >= JUDGED_BYTES:
            yield join(waiting)
            waiting = []
    if waiting:
        yield join(waiting)


def cleaned(
    documents: Iterable[Document],
    clean: Clean,
    config: Config,
    day: date,
    sites: Sites,
    room: Room,
    choices: Choices = NO_CHOICES,
) -> Generator[Batch]:
    """Clean documents in batches, in order, with a `cleaner`.

    Documents with a question that others of their site may answer wait in `room` until all have been read, and come
    last.
    """
    calls = (_call(part, config, day, sites, choices, False) for part in batched(documents, config))
    for batch in clean(calls):
        sites.learn(batch.proofs)
        room.wait(batch.waiting)
        yield batch._replace(waiting=(), proofs=frozenset())
    rest = batched(room.waiting(), config)
    yield from clean(_call(part, config, day, sites, choices, True) for part in rest)


def cleaned_again(
    documents: Iterable[Document],
    clean: Clean,
    config: Config,
    day: date,
    sites: Sites,
    choices: Choices = NO_CHOICES,
) -> Iterator[Batch]:
    """Clean documents with all that `sites` knows by now, in batches and in order."""
    return clean(_call(part, config, day, sites, choices, True) for part in batched(documents, config))


def _call(
    part: list[Document], config: Config, day: date, sites: Sites, choices: Choices, last: bool
) -> tuple[Any, ...]:
    """The arguments of `clean_batch`, with what is known of these documents and no others."""
    known = sites.known((site_of(document.uri) for document in part), last)
    return part, config, day, known, choices.about(document.uri for document in part), last


@contextmanager
def cleaner(config: Config) -> Iterator[Clean]:
    """What cleans batches in the configured number of processes, which all passes of a run have in common.

    They are started once there are two batches: small inputs are cleaned in this process, unless there is a cluster. At
    most two batches per worker are in flight, so memory stays flat.
    """
    workers = config.run.workers or os.cpu_count() or 1
    pools: list[Clean] = []
    with ExitStack() as opened:

        def clean(calls: Iterable[tuple[Any, ...]]) -> Iterator[Batch]:
            if not pools:
                calls = iter(calls)
                first = list(islice(calls, min(workers, 2)))
                pools.append(opened.enter_context(_pool(config, workers if len(first) > 1 else 1)))
                calls = chain(first, calls)
            return pools[0](calls)

        yield clean


@contextmanager
def _pool(config: Config, workers: int) -> Iterator[Clean]:
    """What cleans batches in `workers` processes.

    With one worker, this process does the work, unless it has read other word lists than those of the configuration,
    or runs in a thread without time limits, as under Prefect.
    """
    lists = config.lists.folder
    if config.run.engine == "dask":
        with engine.pool(config) as clean:
            yield clean
        return
    if workers == 1 and could_install(lists) and deadline.limits():
        yield lambda calls: (clean_batch(*call) for call in calls)
        if is_own():
            session.unload()  # what publishes needs the memory
            give_back()
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads of the flow's process
    start_tracker()
    try:
        with _ending(ProcessPoolExecutor(workers, context, begin, (lists,))) as pool:
            submit = partial(_submit, pool)
            yield lambda calls: in_order(submit, Future.result, calls, lambda: 2 * workers)
    except BrokenProcessPool as error:
        raise WorkerDied(
            "a worker process died, probably for lack of memory; nothing was published. Run again with --workers 1,"
            " or with a smaller run.batch_bytes"
        ) from error


@contextmanager
def _ending(pool: ProcessPoolExecutor) -> Iterator[ProcessPoolExecutor]:
    """`pool`, which is shut down at the end. If a worker is killed just then, others may wait for ever for a lock that
    it held; they have nothing to do any more, and are killed, too.
    """
    before = set(multiprocessing.active_children())
    try:
        yield pool
    finally:
        end = threading.Thread(target=partial(pool.shutdown, cancel_futures=True), name="pool-end", daemon=True)
        end.start()
        end.join(END_SECONDS)
        if end.is_alive():
            for process in set(multiprocessing.active_children()) - before:
                process.kill()
            _end_results(pool)
            end.join()


def _end_results(pool: ProcessPoolExecutor) -> None:
    """Tell `pool`, whose workers are dead, that no more results come. One that was killed while it sent a result sent a
    part of it, and the pool would wait for the rest for ever: the pipe has no end as long as this process can write it.
    """
    with suppress(AttributeError, OSError):  # another version of Python may have no such pipe
        pool._result_queue._writer.close()  # type: ignore[attr-defined]


def _submit(pool: ProcessPoolExecutor, call: tuple[Any, ...]) -> Future[Batch]:
    with starting():  # which it does with the first calls
        return pool.submit(clean_batch, *call)


def batched(documents: Iterable[Document], config: Config) -> Iterator[list[Document]]:
    """Documents in batches that are cleaned together; nothing behind a batch is read before the next is asked for."""
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.content)
        if len(batch) >= config.run.batch_documents or size >= config.run.batch_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
