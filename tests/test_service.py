"""`copydesk serve`: a real schedule on a real server that really fires, and what follows when processes die."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filelock
import pytest
from browser import CHROMIUM
from nights import story, table
from receivers import receiver
from services import PATIENCE, Service, command, descendants, get, lives

from copydesk.schedule import server


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    (tmp_path / "raw").mkdir()
    (tmp_path / "copydesk.toml").write_text('[typos]\nmode = "off"\n[run]\nworkers = 1\n')
    for number in range(3):
        (tmp_path / "raw" / f"{number}.txt").write_text(story(number))
    started: list[Service] = []

    def start(*options: str) -> Service:
        started.append(Service(tmp_path, *options))
        return started[-1]

    yield start
    for service in started:
        if service.process.poll() is None:
            children = descendants(service.process.pid)
            for pid in [service.process.pid, *children]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            service.process.wait()


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a receiver of alerts, and what it got."""
    with receiver() as (address, got):
        yield address, got


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes through /proc")
def test_a_schedule_fires_is_cancelled_is_killed_and_makes_up_for_it(
    services: Callable[..., Service], hook: tuple[str, list[dict[str, str]]]
) -> None:
    """One story, since each server takes ten seconds to start."""
    service = services()
    folder, tables = service.folder, service.folder / "tables"
    with (folder / "copydesk.toml").open("a") as settings:  # each run reads it again
        settings.write(f'[alerts]\nwebhook = "{hook[0]}"\n')
    _publishes_at_its_time(service)
    _is_shown_in_a_browser(service)

    cancelled, engine = service.start_a_run("3.txt")
    service.ask(f"flow_runs/{cancelled}/set_state", state={"type": "CANCELLING"}, force=True)
    time.sleep(1)
    os.kill(engine, signal.SIGCONT)
    service.wait(lambda: service.runs("CANCELLED"), "cancelled run")
    service.wait(lambda: not lives(engine), "end of the process of the run")
    assert not list(tables.glob("_staging/*"))
    assert not (tables / "_lock.json").exists()
    assert len(table(tables, "articles")) == 3

    run, engine = service.start_a_run("4.txt")
    os.kill(engine, signal.SIGCONT)
    service.kill()
    assert len(table(tables, "articles")) == 3
    with filelock.FileLock(tables / "_lock", timeout=0):
        pass
    assert hook[1] == [], "an alert for a run that needed nobody"

    service = services()
    made_up = service.wait(
        lambda: [r for r in service.runs("COMPLETED") if "made-up" in r["tags"]], "run that makes up for the dead"
    )
    (dead,) = service.runs("CRASHED")
    assert dead["id"] == run
    assert [r["expected_start_time"] for r in made_up] == [dead["expected_start_time"]]
    assert len(table(tables, "articles")) == 5
    assert f"Died with its process: 1 run ({dead['name']})" in service.said()
    (message,) = hook[1]
    assert message["subject"] == f"copydesk: Died with its process: 1 run ({dead['name']}) (and 1 more)"
    assert "Missed and run now: 1 night" in message["text"]

    processes = descendants(service.process.pid)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(PATIENCE) == 0, service.said()
    assert "Traceback" not in service.said()
    assert [pid for pid in processes if lives(pid)] == []


def _publishes_at_its_time(service: Service) -> None:
    service.wait((service.folder / "tables" / "_commits").exists, "published night")
    (finished,) = service.wait(lambda: service.runs("COMPLETED"), "finished run")
    articles = table(service.folder / "tables", "articles")
    assert sorted(articles["uri"]) == ["0.txt", "1.txt", "2.txt"]
    scheduled = datetime.fromisoformat(finished["expected_start_time"])
    assert scheduled.second == 0
    assert scheduled.tzinfo is not None
    day = scheduled.astimezone(UTC).date()
    assert set(table(service.folder / "tables", "runs")["run_date"]) == {day}
    assert finished["name"] == f"nightly-{day}"
    service.wait(
        lambda: any("committed" in line["message"] for line in service.ask("logs/filter")), "log line of copydesk"
    )
    (link,) = {
        found[1]
        for artifact in service.ask("artifacts/filter")
        if (found := re.search(r"\((http://127\.0\.0\.1:\d+/\S+)\)", str(artifact["data"])))
    }
    assert get(link)[1].startswith(b"<!doctype html>")

    processes = descendants(service.process.pid)
    servers = [pid for pid in processes if "server\0start" in command(pid)]
    assert servers
    for pid in servers + [pid for pid in processes if "prefect.engine" in command(pid)]:
        lines = Path(f"/proc/{pid}/environ").read_text().split("\0")
        told = dict(line.split("=", 1) for line in lines if line)
        names = ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED")
        # Prefect hands its settings on as Python writes them: False
        assert [told.get(name, "unset").lower() for name in names] == ["1", "false"]


def _is_shown_in_a_browser(service: Service) -> None:
    """Both pages of runs, the old and the new UI, list the run, and an artifact links to its report."""
    if CHROMIUM is None:
        return
    (night_of,) = [found for found in service.ask("artifacts/filter") if found["key"] == "copydesk-night"]
    for path, shown in (
        ("runs", rf"nightly-{datetime.now(UTC).year}-"),
        ("v2/runs", rf"nightly-{datetime.now(UTC).year}-"),
        (f"artifacts/artifact/{night_of['id']}", r'<a href="http://127\.0\.0\.1:\d+/[\w.-]+\.html"'),
    ):
        # Scripts that a cold browser is still loading when its time is over are there the next time.
        pages = (_looked_at(f"{service.url}/{path}", service.folder / "browser") for _ in range(4))
        page = next((page for page in pages if re.search(shown, page)), "")
        assert page, f"{path} does not show {shown}"
        assert "Can't connect" not in page


def _looked_at(url: str, profile: Path) -> str:
    """What a browser makes of a page; it may talk to this machine alone."""
    assert CHROMIUM is not None
    return subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *(f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
            *("--virtual-time-budget=20000", "--window-size=1400,900", "--dump-dom", url),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes through /proc")
def test_a_night_on_postgresql_and_a_server_that_dies(services: Callable[..., Service], postgres: str) -> None:
    service = services("--database", postgres)
    service.wait((service.folder / "tables" / "_commits").exists, "published night")
    service.wait(lambda: service.runs("COMPLETED"), "finished run")
    assert not list((service.folder / "home").glob("*.db")), "a database other than the one it was given"

    (started,) = [pid for pid in descendants(service.process.pid) if _is_server(pid)]
    os.kill(started, signal.SIGKILL)
    assert service.process.wait(PATIENCE) == 2, service.said()
    last = service.said().splitlines()[-1]
    assert last.startswith("copydesk: the Prefect server at http://127.0.0.1"), service.said()


def _is_server(pid: int) -> bool:
    return "server\0start" in command(pid) and "keeper" not in command(pid)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of a PostgreSQL that runs for one test."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *map(Path, os.get_exec_path())]
    programs = next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # the path of a socket has to be short
        folder = Path(name)
        user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(folder, "postgres", "postgres")
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", "copydesk", "--no-sync"],
            check=True, capture_output=True, cwd=folder, **user,
        )  # fmt: skip
        port = server.free_port(0)
        settings = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-k", str(folder), "-p", str(port)]
        with subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", *settings], stderr=subprocess.DEVNULL, cwd=folder, **user
        ) as process:
            deadline = time.monotonic() + PATIENCE
            while subprocess.run([programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode:
                assert time.monotonic() < deadline
                time.sleep(0.2)
            yield f"postgresql://copydesk@127.0.0.1:{port}/postgres"
            process.send_signal(signal.SIGINT)  # ends at once, with the connections that are open
