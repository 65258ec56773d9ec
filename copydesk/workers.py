"""Batches through worker processes: so many at a time, in their order, in little memory."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from itertools import chain

from copydesk.batch import Batch, clean_batch, join
from copydesk.config import Config
from copydesk.records import Document

#: So many documents, or bytes of them, are judged together.
JUDGED_DOCUMENTS, JUDGED_BYTES = 8_000, 32 * 2**20


class WorkerDied(RuntimeError):
    """The system ended a worker process. The message says what to do."""


def windows(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Batches joined until there is enough to judge: a suite costs a quarter of a second, however few the rows."""
    waiting: list[Batch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(b.documents for b in waiting) >= JUDGED_DOCUMENTS or sum(b.size for b in waiting) >= JUDGED_BYTES:
            yield join(waiting)
            waiting = []
    if waiting:
        yield join(waiting)


def cleaned(documents: Iterable[Document], config: Config, day: date) -> Iterator[Batch]:
    """Clean documents in batches, in their order, in as many processes as the configuration allows.

    Small input stays in this process. No more than two batches a worker are in flight, so memory stays flat.
    """
    workers = config.run.workers or os.cpu_count() or 1
    batches = _batches(documents, config)
    first = next(batches, None)
    if first is None:
        return
    second = next(batches, None) if workers > 1 else None
    if second is None:
        yield clean_batch(first, config, day)
        for batch in batches:
            yield clean_batch(batch, config, day)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads of whoever runs the flow
    try:
        with ProcessPoolExecutor(workers, context, _end_with_parent) as pool:
            running: deque[Future[Batch]] = deque()
            for batch in chain((first, second), batches):
                running.append(pool.submit(clean_batch, batch, config, day))
                if len(running) >= 2 * workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
    except BrokenProcessPool as error:
        raise WorkerDied(
            "a worker process died, most likely for want of memory; nothing was published. Run again with --workers 1,"
            " or with a smaller run.batch_bytes"
        ) from error


def _end_with_parent() -> None:
    """In a process of the pool: end when the run is killed. The pool by itself would wait for work for ever."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _batches(documents: Iterable[Document], config: Config) -> Iterator[list[Document]]:
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
