"""Sends batches to a Dask cluster and takes their tables in order.

The cluster may change while it works: workers come, and a batch whose worker is gone is cleaned by another one. Where
the batches are cleaned does not matter for what they become.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from copydesk.config import Config
from copydesk.run.batch import Batch
from copydesk.run.child import WorkerDied
from copydesk.run.cluster.parcels import CleanerDied, ClusterError, packed, unpacked, user_files, versions
from copydesk.run.in_flight import in_order

if TYPE_CHECKING:
    from distributed import Client, Future

log = logging.getLogger(__name__)

#: Seconds in which the scheduler has to answer.
CONNECT_SECONDS = 10.0
#: Seconds that a run waits while the cluster has no worker: a cluster that scales itself starts machines.
NO_WORKERS_SECONDS = 600.0
#: Seconds without a worker after which the run says what it waits for.
QUIET_SECONDS = 5.0
#: Times that a batch is tried again when the process that cleans it dies.
RETRIES = 3
#: Seconds between looks at the cluster while a result is awaited.
_LOOK_SECONDS = 2.0
_WARNING = "distributed.admin.large-graph-warning-threshold"


@contextmanager
def pool(config: Config) -> Iterator[Callable[[Iterable[tuple[Any, ...]]], Iterator[Batch]]]:
    """A function that calls `clean_batch` on the cluster with each set of arguments and yields the results in order.

    Raises `ClusterError` if the cluster cannot be used or is gone, `WorkerDied` if a batch ends process after process,
    and what cleaning raises. If the block ends early, what is still to be cleaned is cancelled.
    """
    files = user_files(config)
    with _client(config.run.address) as client:
        cluster = _Cluster(client, files, config.run.workers)
        try:
            yield lambda calls: in_order(cluster.submit, cluster.result, calls, cluster.in_flight)
        except BaseException:
            cluster.cancel()
            raise


class _Cluster:
    """The batches of a run on a cluster."""

    def __init__(self, client: Client, files: dict[str, bytes], workers: int) -> None:
        self._client, self._workers = client, workers
        self._run, self._versions = uuid.uuid4().hex, versions()
        self._refuse_other_pythons()
        # The files are a value of the cluster, so that they reach each worker once, also those that come later.
        self._files = self._submitted("files", bytes, packed(files))
        self._running: list[Future[bytes]] = []
        self._threads, self._last_seen = 1, time.monotonic()
        self._workers_seen: frozenset[str] = frozenset()
        self._has_told = False

    def submit(self, call: tuple[Any, ...]) -> Future[bytes]:
        self._look()
        future = self._submitted("clean", _of_workers("clean"), self._run, self._versions, self._files, packed(call))
        self._running.append(future)
        return future

    def result(self, future: Future[bytes]) -> Batch:
        """The batch of a future, which is awaited as long as the cluster has workers."""
        while not self._has_ended(future):
            self._look()
        self._look()  # who is lost while the last batch is awaited is told, too
        with _loss_in_words(self._client):
            failure = future.exception()
            parcel = future.result(timeout=NO_WORKERS_SECONDS) if failure is None else b""
        self._running.remove(future)
        if failure is not None:
            raise _in_words(failure, self._client)
        batch: Batch = unpacked(parcel)
        return batch

    def _has_ended(self, future: Future[bytes]) -> bool:
        from distributed import wait

        with _loss_in_words(self._client), self._client.as_current():
            try:
                wait(future, timeout=_LOOK_SECONDS)
            except TimeoutError:
                return False
        return True

    def in_flight(self) -> int:
        """Two batches for each thread of the cluster, or for each of as many as the run may use."""
        return 2 * (self._workers or self._threads)

    def cancel(self) -> None:
        """Take back what is not cleaned, and end the processes that are cleaning; a cluster that is gone has none."""
        with suppress(Exception):
            self._client.cancel([*self._running, self._files], force=True)
            self._client.run(_of_workers("stop"), self._run, on_error="ignore")

    def _submitted(self, name: str, function: Callable[..., bytes], *arguments: Any) -> Future[bytes]:
        import dask

        key = f"copydesk-{name}-{uuid.uuid4().hex}"
        # Dask warns of tasks that carry 10 MB: what a user of arrays does by mistake is the purpose of these.
        with _loss_in_words(self._client), dask.config.set({_WARNING: "1 GiB"}):
            return self._client.submit(function, *arguments, key=key, pure=False, retries=RETRIES)

    def _refuse_other_pythons(self) -> None:
        """Raise `ClusterError` if a machine has another Python: it could not load what is sent, and would end."""
        with _loss_in_words(self._client):
            found: Any = self._client.get_versions()
        machines = {"the scheduler": found["scheduler"]} | {
            f"the worker at {address}": one for address, one in found["workers"].items()
        }
        for machine, one in machines.items():
            python = one["host"]["python"] if one else ""
            if python and not python.startswith(f"{self._versions['Python']}."):
                raise ClusterError(f"{machine} has Python {python} instead of {self._versions['Python']}")

    def _look(self) -> None:
        """See how many threads the cluster has now. Raises `ClusterError` if it has had none for long."""
        with _loss_in_words(self._client):
            found: dict[str, int] = self._client.nthreads()
        threads, now = sum(found.values()), time.monotonic()
        if gone := sorted(self._workers_seen - found.keys()):
            log.warning("the worker %s is gone; others clean what it had", ", ".join(gone))
        self._workers_seen = frozenset(found)
        if threads:
            self._threads, self._last_seen, self._has_told = threads, now, False
            return
        if now - self._last_seen > QUIET_SECONDS and not self._has_told:
            log.warning("waiting for a worker of %s", _address(self._client))
            self._has_told = True
        if now - self._last_seen > NO_WORKERS_SECONDS:
            raise ClusterError(
                f"the cluster at {_address(self._client)} has had no worker for {NO_WORKERS_SECONDS / 60:.0f} minutes;"
                " nothing was published. Start workers (`dask worker ADDRESS`) and run again"
            )


def _of_workers(name: str) -> Callable[..., Any]:
    """A function of `copydesk.run.cluster.worker` for Dask, which sends a function within a function by value.

    A worker that cannot import what it is sent ends, with all that it does for others. So it can load this one, and
    the import fails in the task.
    """

    def call(*arguments: Any) -> Any:
        from importlib import import_module

        return getattr(import_module("copydesk.run.cluster.worker"), name)(*arguments)

    return call


@contextmanager
def _client(address: str | None) -> Iterator[Client]:
    """A client of the scheduler at `address`; without one, that which is current in this thread or process."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError("run.engine = \"dask\" needs the extra cluster: pip install 'copydesk[cluster]'") from error
    if address is None:
        try:
            client = Client.current()
        except ValueError:
            raise ClusterError(
                'run.engine = "dask" needs the address of a scheduler: run.address = "tcp://scheduler.example:8786"'
                " below [run], or --address tcp://scheduler.example:8786"
            ) from None
        yield client
        return
    try:
        client = _connected(address)
    except (OSError, ImportError, TypeError, ValueError, TimeoutError) as error:  # TypeError: TLS without certificates
        raise ClusterError(
            f"run.address: no Dask scheduler answers at {address} ({_cause(error)}); nothing was published. Start it"
            " (`dask scheduler`), or see that this machine reaches it"
        ) from error
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=CONNECT_SECONDS)


def _connected(address: str) -> Client:
    from distributed import Client

    class Connected(Client):
        def __init__(self) -> None:
            try:
                super().__init__(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
            except BaseException:
                self.status = "closed"  # else its end waits 20 s for a connection that never was, and complains
                raise

    return Connected()


@contextmanager
def _loss_in_words(client: Client) -> Iterator[None]:
    """Say what is to be done when the scheduler is gone."""
    from concurrent.futures import CancelledError

    try:
        yield
    except (CancelledError, OSError, TimeoutError) as error:
        raise ClusterError(
            f"the Dask scheduler at {_address(client)} was lost during the run ({_cause(error)}); nothing was"
            " published. Run again when it is there"
        ) from error


def _in_words(failure: BaseException, client: Client) -> BaseException:
    """The error of a batch, with what is to be done if it is one of the cluster."""
    from distributed.scheduler import KilledWorker

    if isinstance(failure, KilledWorker | CleanerDied):
        told: BaseException = WorkerDied(
            f"a batch of documents ended {RETRIES + 1} processes of the cluster, probably for lack of memory; nothing"
            " was published. Give its workers more memory or fewer threads, or run again with a smaller run.batch_bytes"
        )
    elif isinstance(failure, ImportError | AttributeError) and "copydesk" in str(failure):
        told = ClusterError(
            f"a worker of the cluster at {_address(client)} cannot load copydesk ({_cause(failure)}); install copydesk"
            f" {versions()['copydesk']} with the extra cluster where workers run"
        )
    else:
        return failure
    told.__cause__ = failure
    return told


def _cause(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _address(client: Client) -> str:
    return str(client.scheduler.address) if client.scheduler is not None else "its address"
