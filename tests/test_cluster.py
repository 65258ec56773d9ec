"""`engine = "dask"`: a scheduler and workers as processes of their own publish the bytes of a run on one core, also
where a worker dies; where the cluster fails, nothing is published, and the next run does."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from nights import NIGHT, config, night, story, table, tree
from test_user_lists import FILES, TEXT

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from dask_cluster import ENDLESS, Cluster, cleaners, cluster_in, wait_until, when_busy
from distributed import Client

from copydesk.cli import main
from copydesk.config import Config
from copydesk.run.child import WorkerDied
from copydesk.run.cluster import engine, parcels
from copydesk.run.cluster.parcels import ClusterError
from copydesk.run.job import Job, Outcome
from copydesk.run.nightly import run
from copydesk.warehouse import Warehouse

OFF = {"mode": "off"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers, one of them kept by a nanny, as is usual: its process is a daemon."""
    with cluster_in(tmp_path_factory.mktemp("cluster")) as cluster:
        cluster.start_worker("kept")
        cluster.start_worker("alone", "--no-nanny")
        cluster.wait_for_workers(2)
        yield cluster


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    for number in range(24):
        (folder / f"{number:02}.txt").write_text(story(number).replace("Nobody", "The goverment will pay. Nobody"))
    (folder / "empty.txt").write_text("May 2, 2024\n")
    return folder


@pytest.fixture(scope="module")
def plain(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process publishes, without typos."""
    night(raw, tmp_path_factory.mktemp("plain") / "w", typos=OFF)
    return tmp_path_factory.getbasetemp() / "plain0" / "w"


def on(cluster: Cluster | str, raw: Path, warehouse: Path | str, progress: Any = None, **sections: Any) -> Outcome:
    """One run on a cluster."""
    address = cluster if isinstance(cluster, str) else cluster.address
    sections = {"typos": OFF, **sections}
    sections["run"] = {"engine": "dask", "address": address, "workers": 0, "batch_documents": 2} | sections.get(
        "run", {}
    )
    return run(Job((str(raw),), str(warehouse), NIGHT, config(**sections)), progress)


def objects(url: str) -> dict[str, str]:
    """What `tree` says of a warehouse on S3."""
    from s3fs import S3FileSystem

    store, root = S3FileSystem(), url.removeprefix("s3://")
    names = [path.removeprefix(f"{root}/") for path in store.find(root)]
    return {
        name: hashlib.sha256(store.cat_file(f"{root}/{name}")).hexdigest()
        for name in names
        if not name.startswith(("_reports", "_lock"))
    }


def test_a_cluster_writes_to_s3_what_one_process_writes_and_loads_models_once(
    cluster: Cluster, raw: Path, tmp_path: Path, bucket: str
) -> None:
    outcome = night(raw, tmp_path / "plain")
    assert on(cluster, raw, bucket, typos={}).sentence == outcome.sentence
    assert objects(bucket) == tree(tmp_path / "plain")
    assert "typo-letter" in set(table(tmp_path / "plain", "edits")["rule"]), "no worker needed a model"
    first = cleaners(cluster.address)
    assert [len(pids) for pids in first.values()] == [1, 1], "a process for each thread, that stays for later batches"
    on(cluster, raw, tmp_path / "again", typos={})
    assert cleaners(cluster.address) == first
    assert tree(tmp_path / "again") == tree(tmp_path / "plain")


def test_a_worker_that_is_killed_in_mid_run_changes_nothing(
    cluster: Cluster, raw: Path, plain: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.start_worker("victim", "--no-nanny")
    cluster.wait_for_workers(3)
    killed = []

    def kill() -> None:
        killed.append(cluster.kill("victim"))

    def hold(documents: int, size: int) -> None:
        """From its first batch on the victim stands still, so that it has one until it is killed."""
        if not watching:
            cluster.hold("victim")
            watching.append(when_busy(cluster, "victim", kill))

    watching: list[threading.Thread] = []
    on(cluster, raw, tmp_path / "w", hold)
    watching[0].join()
    assert killed
    told = [record.message for record in caplog.records if record.name == engine.__name__]
    assert [re.sub(r"tcp\S+", "ADDRESS", one) for one in told] == [
        "the worker ADDRESS is gone; others clean what it had"
    ]
    assert tree(tmp_path / "w") == tree(plain)


def test_a_batch_that_ends_process_after_process_ends_the_run(
    cluster: Cluster, raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "RETRIES", 1)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "endless.txt").write_text(ENDLESS)
    ended: list[int] = []

    def kill() -> None:
        while running.is_alive():
            for pid in {pid for pids in cleaners(cluster.address).values() for pid in pids} - set(ended):
                os.kill(pid, signal.SIGKILL)
                ended.append(pid)
            time.sleep(0.1)

    failed: list[BaseException] = []

    def work() -> None:
        try:
            on(cluster, tmp_path / "raw", tmp_path / "w")
        except WorkerDied as error:
            failed.append(error)

    running = threading.Thread(target=work)
    running.start()
    kill()
    (error,) = failed
    assert "2 processes of the cluster" in str(error) and "run.batch_bytes" in str(error)
    assert not table(tmp_path / "w", "articles").size
    on(cluster, raw, tmp_path / "w")
    assert len(table(tmp_path / "w", "articles")) == 24


def test_a_scheduler_that_goes_ends_the_run_and_the_next_one_publishes(raw: Path, plain: Path, tmp_path: Path) -> None:
    with cluster_in(tmp_path / "cluster") as cluster:
        cluster.start_worker("one", "--no-nanny")
        cluster.wait_for_workers(1)
        with pytest.raises(ClusterError, match=r"was lost during the run.*nothing was published"):
            on(cluster, raw, tmp_path / "w", lambda documents, size: cluster.kill("scheduler"))
        assert not table(tmp_path / "w", "articles").size
    night(raw, tmp_path / "w", typos=OFF)
    assert tree(tmp_path / "w") == tree(plain)


def test_ctrl_c_takes_back_what_the_cluster_still_does(cluster: Cluster, raw: Path, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for number in range(6):
        (tmp_path / "raw" / f"{number}.txt").write_text(f"{number}\n{ENDLESS}")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background ignores it
    try:
        thread = when_busy(cluster, "alone", lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            on(cluster, tmp_path / "raw", tmp_path / "w", run={"batch_documents": 1})
        thread.join()
    finally:
        signal.signal(signal.SIGINT, before)
    wait_until(lambda: not cluster.is_busy("alone") and not any(cleaners(cluster.address, busy=True).values()), 10)
    with Warehouse.open(str(tmp_path / "w")).lock(0):
        pass
    on(cluster, raw, tmp_path / "w")
    assert len(table(tmp_path / "w", "articles")) == 24


def test_a_document_that_is_too_slow_is_quarantined_as_it_is_here(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.txt").write_text(story(1))
    (tmp_path / "raw" / "slow.txt").write_text("x\n" * 1_000_000)
    limit = {"document_seconds": 0.5}
    gc.collect()  # what other tests left is not to be collected within the limit
    night(tmp_path / "raw", tmp_path / "here", typos=OFF, run=limit)
    on(cluster, tmp_path / "raw", tmp_path / "there", run=limit)
    (reason,) = table(tmp_path / "there", "quarantine")["reasons"][0]
    assert reason["rule"] == "too-slow"
    assert tree(tmp_path / "there") == tree(tmp_path / "here")


def test_the_users_files_reach_workers_that_do_not_see_them(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the paths are relative, and lead nowhere from the folders of the workers
    for name, text in FILES.items():
        path = Path("own") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    Path("protected.txt").write_text("goverment\n")
    body = f"{story(1)}\n\nThe goverment will pay for it."
    Path("a.jsonl").write_text(
        "".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate((TEXT, body)))
    )
    on(cluster, Path("a.jsonl"), tmp_path / "w", lists={"folder": "own"}, typos={"protected": "protected.txt"})
    articles = table(tmp_path / "w", "articles").set_index("uri")
    assert articles.loc["a.jsonl#id=0", "agency"] == "The Quayside Wire Service"
    assert "harbourmasteress" in articles.loc["a.jsonl#id=0", "body"]
    assert "goverment" in articles.loc["a.jsonl#id=1", "body"]


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"lists": {"folder": "nowhere"}}, "lists.folder: nowhere is not a folder on this machine"),
        ({"typos": {"learned": "nowhere"}}, "typos.learned: nowhere is not a folder on this machine"),
        ({"typos": {"protected": "nowhere.txt"}}, "typos.protected: nowhere.txt cannot be read: No such file"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_files_that_are_not_there_are_named(sections: dict[str, Any], words: str) -> None:
    with pytest.raises(ClusterError, match=words):
        parcels.user_files(config(**sections))


def test_files_that_cleaning_does_not_read_are_not_sent(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("goverment\n")
    typos = {"protected": str(tmp_path / "words.txt"), "learned": str(tmp_path)}
    assert parcels.user_files(config(typos={"mode": "off", **typos})) == {}
    assert parcels.user_files(config(typos=typos)).keys() == {"protected.txt", "learned/words.txt"}


def test_workers_of_another_version_are_refused(
    cluster: Cluster, raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = parcels.versions() | {"copydesk": "9.9", "ftfy": "7.0"}
    ours = f"copydesk {parcels.versions()['copydesk']} instead of 9.9, ftfy .* instead of 7.0"
    monkeypatch.setattr(engine, "versions", lambda: versions)
    with pytest.raises(ClusterError, match=f"the worker at tcp://.* has {ours}; install the same"):
        on(cluster, raw, tmp_path / "w")


def test_workers_that_lack_copydesk_are_named_and_stay(raw: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    (older / "copydesk").mkdir(parents=True)
    (older / "copydesk" / "__init__.py").write_text("")
    with cluster_in(tmp_path / "cluster", older) as cluster:
        cluster.start_worker("one", "--no-nanny")
        cluster.wait_for_workers(1)
        with pytest.raises(ClusterError, match=r"cannot load copydesk \(No module .*install copydesk .* where workers"):
            on(cluster, raw, tmp_path / "w")
        assert cluster.processes["one"].poll() is None, "it may do work for others"


def test_a_cluster_without_workers_is_waited_for_and_then_given_up(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with cluster_in(tmp_path / "cluster") as cluster:
        monkeypatch.setattr(engine, "NO_WORKERS_SECONDS", 1.5)
        monkeypatch.setattr(engine, "QUIET_SECONDS", 0.2)
        monkeypatch.setattr(engine, "_LOOK_SECONDS", 0.1)
        with pytest.raises(ClusterError, match="has had no worker for"):
            on(cluster, raw, tmp_path / "w")
        told = [record.message for record in caplog.records if record.name == engine.__name__]
        assert told == [f"waiting for a worker of {cluster.address}"]


def test_the_command_says_where_no_scheduler_answers(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CONNECT_SECONDS", 0.5)
    monkeypatch.chdir(tmp_path)
    words = ["run", str(raw), "--warehouse", "w", "--engine", "dask"]
    done = CliRunner().invoke(main, [*words, "--address", "tcp://127.0.0.1:9"])
    assert done.exit_code == 2, done.output
    assert "run.address: no Dask scheduler answers at tcp://127.0.0.1:9" in done.stderr
    done = CliRunner().invoke(main, [*words, "--address", "tls://127.0.0.1:9"])
    assert (done.exit_code, "check your TLS configuration" in done.stderr) == (2, True), done.output
    left = [one for one in gc.get_objects() if issubclass(type(one), Client) and one.status != "closed"]
    assert not left, "the end of a client that never connected takes 20 s, and a traceback"
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2, done.output
    assert 'needs the address of a scheduler: run.address = "tcp://' in done.stderr
    assert "or --address tcp://scheduler.example:8786" in done.stderr
    done = CliRunner().invoke(main, [*words, "--address", "127.0.0.1:9"])
    assert (done.exit_code, "run.address = '127.0.0.1:9'" in done.stderr) == (2, True)
    done = CliRunner().invoke(main, [*words, "--address", "http://127.0.0.1:9"])
    assert (done.exit_code, "http is no protocol of Dask" in done.stderr) == (2, True)


def test_an_address_without_the_engine_is_not_passed_over(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COPYDESK_TYPOS__MODE", "off")
    words = ["run", str(tmp_path / "none"), "--warehouse", "w", "--address", "tcp://127.0.0.1:9"]
    for more in ([], ["--engine", "processes"]):
        done = CliRunner().invoke(main, [*words, *more])
        assert (done.exit_code, "add --engine dask" in done.stderr) == (2, True), done.output
    (tmp_path / "raw").mkdir()
    job = {"address": "tcp://127.0.0.1:9", "workers": 1}
    for section, warned in ((job, True), (job | {"engine": "processes"}, False)):
        caplog.clear()
        run(Job((str(tmp_path / "raw"),), "w", NIGHT, Config.model_validate({"run": section})))
        assert ("run.address names a Dask cluster" in caplog.text) == warned
