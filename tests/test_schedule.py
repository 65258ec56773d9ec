"""`copydesk serve`: what it refuses at once, and a real schedule on a real server that really fires."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import filelock
import pytest
from nights import night, story, table
from receivers import receiver

from copydesk.config import Config
from copydesk.config.load import ConfigError
from copydesk.schedule import alert, server
from copydesk.schedule import service as schedule
from copydesk.schedule.reports import reports_at

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: Not through the proxy of the machine.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)  # `serve` sets them for good, and other tests follow


def serve(source: Path | str, **options: Any) -> None:
    schedule.serve(schedule.Service((str(source),), Config(), **{"cron": "0 2 * * *", **options}))


@pytest.mark.parametrize(
    ("cron", "zone", "words"),
    [
        ("at night", "UTC", "--cron 'at night' is not a schedule"),
        ("61 2 * * *", "UTC", "--cron '61 2 * * *' is not a schedule"),
        ("0 2 * * *", "Mars/Base", "--timezone 'Mars/Base' is not an IANA time zone"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_before_any_server_starts(
    cron: str, zone: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "running", lambda *_: pytest.fail("a server was asked for"))
    with pytest.raises(ConfigError, match=re.escape(words)):
        serve("raw", cron=cron, timezone=zone)


def test_a_source_that_is_not_there_is_told_before_any_server_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        serve(tmp_path / "nowhere")


def test_a_server_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    monkeypatch.setattr(server, "START_SECONDS", 0)
    url = f"http://127.0.0.1:{server.free_port(0)}/api"
    with temporary_settings({PREFECT_API_URL: url}), pytest.raises(ConfigError, match=re.escape(url)):
        serve(tmp_path)
    with temporary_settings({PREFECT_API_URL: url}), pytest.raises(ConfigError, match="--port and --database"):
        serve(tmp_path, port=4300)


def test_a_port_that_is_taken_is_told_before_any_server_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "PORT_SECONDS", 0.6)
    monkeypatch.setattr(server, "_start", lambda *_: pytest.fail("a server was started"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port} is taken.*--port.*PREFECT_API_URL=http.*{port}/api"):
            serve(tmp_path, port=port)
    assert f"port {port} is taken; waiting" in capsys.readouterr().err


def test_a_port_is_waited_for_until_the_server_of_a_killed_serve_has_ended() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    threading.Timer(0.3, taken.close).start()
    assert server.free_port(port) == port


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://me:secret@db/prefect?ssl=require", "postgresql+asyncpg://me:secret@db/prefect?ssl=require"),
        ("postgres:///prefect", "postgresql+asyncpg:///prefect"),
        ("postgresql+asyncpg://db/prefect", "postgresql+asyncpg://db/prefect"),
        ("sqlite:////var/lib/prefect.db", "sqlite+aiosqlite:////var/lib/prefect.db"),
    ],
)
def test_a_database_gets_the_driver_that_prefect_needs(given: str, used: str) -> None:
    assert server.database_url(given) == used


@pytest.mark.parametrize("url", ["prefect", "mysql://me:secret@db/prefect", "db:5432/prefect"])
def test_what_is_no_database_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match="--database is not the URL") as refused:
        server.database_url(url)
    assert "secret" not in str(refused.value)


def test_reports_are_read_under_an_address_of_this_machine(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "a.txt").write_text(story())
    outcome = night(folder, tmp_path / "tables")
    assert outcome.report is not None
    page = Path(outcome.report)
    (page.parent / ".hidden").write_text("no")
    with (
        reports_at(0, str(tmp_path / "tables")) as address,
        reports_at(int(address[:-1].rpartition(":")[2]), "") as two,
    ):
        assert two != address, "a port that is taken"
        link = alert.link(outcome.report, address)
        assert link is not None
        assert get(link) == (200, page.read_bytes())
        assert get(link.replace("127.0.0.1", "localhost"))[0] == 200
        assert get(address)[1] == (page.parent / "index.html").read_bytes()
        for name in ("nothing.html", ".hidden", "../_commits/x.json", "..%2f_lock", "%00", "a//b", "nowhere/"):
            assert get(address + name)[0] == 404, name
        assert get(link, Host="evil.example")[0] == 403
        assert get(two)[0] == 404


def get(url: str, **headers: str) -> tuple[int, bytes]:
    """The status and the content of a page."""
    try:
        with DIRECT.open(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


def test_a_run_ends_with_the_serve_that_started_it(tmp_path: Path) -> None:
    script = "import os, sys, time\nfrom copydesk.run import child\nchild.end_with_serve()\nprint('on', flush=True)\n"
    script += "time.sleep(60)\n"
    start = "import os, subprocess, sys\nos.environ['COPYDESK_SERVED_BY'] = str(os.getpid())\n"
    start += f"subprocess.run([sys.executable, '-c', {script!r}])\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", start], stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    ) as asker:
        assert asker.stdout is not None
        assert asker.stdout.readline() == "on\n"
        (run,) = _descendants(asker.pid)
        asker.kill()
        deadline = time.monotonic() + 20
        while _lives(run):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_paths_mean_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert schedule._anywhere("raw") == str(tmp_path / "raw")
    assert schedule._anywhere("s3://scrapes/raw") == "s3://scrapes/raw"


def test_prefect_is_not_imported_before_telemetry_is_off() -> None:
    code = "import sys, copydesk.cli, copydesk.schedule.service; print('prefect' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"


@pytest.mark.parametrize("home", ["/proc/nobody", "/dev/null"])
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that not even root can write to")
def test_without_a_home_that_can_be_written_a_sentence_says_what_to_set(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "running", lambda *_: pytest.fail("a server was asked for"))
    monkeypatch.delenv("PREFECT_HOME", raising=False)
    monkeypatch.setenv("HOME", home)
    with pytest.raises(ConfigError, match="PREFECT_HOME"):
        serve(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="process groups are those of POSIX")
@pytest.mark.parametrize("stubborn", [False, True])
def test_what_is_kept_ends_with_the_process_that_asked_for_it(tmp_path: Path, stubborn: bool) -> None:
    """Also when that process is killed, and also when the command and what it started do not listen."""
    deaf = "trap '' TERM; " if stubborn else ""
    script = (
        "import subprocess, sys, time\n"
        "begin = 'from copydesk.schedule import keeper; keeper.STOP_SECONDS = 1; keeper.main()'\n"
        "keeper = [sys.executable, '-c', begin]\n"
        f"command = ['sh', '-c', \"{deaf}sleep 300 & echo $! > pid; echo $$ > own; wait; wait\"]\n"
        "child = subprocess.Popen([*keeper, *command], stdin=subprocess.PIPE, start_new_session=True)\n"
        "time.sleep(300)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    asker = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, env=environment)
    deadline = time.monotonic() + 60
    while not (tmp_path / "own").exists() or not (tmp_path / "own").read_text().strip():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    kept = int((tmp_path / "own").read_text())
    asker.kill()
    asker.wait()
    while _lives(kept):
        assert time.monotonic() < deadline, "the command outlives the process that asked for it"
        time.sleep(0.1)
    with suppress(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Service:
    """A running `copydesk serve`, started from a folder of its own, and what it is told."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.log = folder, folder / "serve.log"
        environment = {name: value for name, value in os.environ.items() if name not in server.ENVIRONMENT}
        environment.pop("PREFECT_API_URL", None)
        environment["PREFECT_HOME"] = str(folder / "home")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), environment.get("PYTHONPATH")]))
        arguments = ["serve", "raw", "--warehouse", "tables", "--port", "0", "--cron", soon(), *options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "copydesk.cli", *arguments], cwd=folder, env=environment, stdout=log, stderr=log
            )

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def wait(self, ready: Callable[[], Any], seconds: float, what: str) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := ready()):
            assert self.process.poll() is None, f"serve ended before {what}:\n{self.said()}"
            assert time.monotonic() < deadline, f"no {what} within {seconds} s:\n{self.said()}"
            time.sleep(0.05)
        return found

    def ask(self, path: str, **content: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/{path}", json.dumps(content).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with DIRECT.open(request, timeout=30) as answer:
            return json.load(answer)

    def runs(self, state: str) -> list[dict[str, Any]]:
        return [run for run in self.ask("flow_runs/filter") if run["state_type"] == state]

    @property
    def url(self) -> str:
        found = self.wait(lambda: re.search(r"see (http://127\.0\.0\.1:\d+) ", self.said()), 150, "server")
        return str(found[1])

    def start_a_run(self, document: str) -> tuple[str, int]:
        """Deliver a new document and start a run now; its id and process, as soon as it has staged the document."""
        (self.folder / "raw" / document).write_text(story(int(document.split(".", maxsplit=1)[0])))
        (deployment,) = self.ask("deployments/filter")
        run = self.ask(f"deployments/{deployment['id']}/create_flow_run")["id"]
        self.wait(lambda: list((self.folder / "tables").glob("_staging/*")), 90, "staging of the run")
        (engine,) = [pid for pid in _descendants(self.process.pid) if "prefect.engine" in command(pid)]
        os.kill(engine, signal.SIGSTOP)  # what it works on takes it milliseconds
        return run, engine

    def kill(self) -> None:
        """End `serve` as a kernel out of memory does, and wait for all that it has started."""
        processes = _descendants(self.process.pid)
        assert processes
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + 60
        while left := [pid for pid in processes if _lives(pid)]:
            assert time.monotonic() < deadline, [command(pid) for pid in left]
            time.sleep(0.1)


def soon() -> str:
    """A schedule whose first time is near, and whose others are rare: each run costs seconds."""
    first = (datetime.now(UTC) + timedelta(seconds=80)).minute
    return f"{','.join(str((first + add) % 60) for add in range(0, 60, 4))} * * * *"


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


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
            children = _descendants(service.process.pid)
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
    service.wait(lambda: service.runs("CANCELLED"), 60, "cancelled run")
    service.wait(lambda: not _lives(engine), 60, "end of the process of the run")
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
        lambda: [r for r in service.runs("COMPLETED") if "made-up" in r["tags"]], 240, "run that makes up for the dead"
    )
    (dead,) = service.runs("CRASHED")
    assert dead["id"] == run
    assert [r["expected_start_time"] for r in made_up] == [dead["expected_start_time"]]
    assert len(table(tables, "articles")) == 5
    assert f"Died with its process: 1 run ({dead['name']})" in service.said()
    (message,) = hook[1]
    assert message["subject"] == f"copydesk: Died with its process: 1 run ({dead['name']}) (and 1 more)"
    assert "Missed and run now: 1 night" in message["text"]

    processes = _descendants(service.process.pid)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 0, service.said()
    assert "Traceback" not in service.said()
    assert [pid for pid in processes if _lives(pid)] == []


def _publishes_at_its_time(service: Service) -> None:
    service.wait((service.folder / "tables" / "_commits").exists, 300, "published night")
    (finished,) = service.wait(lambda: service.runs("COMPLETED"), 60, "finished run")
    articles = table(service.folder / "tables", "articles")
    assert sorted(articles["uri"]) == ["0.txt", "1.txt", "2.txt"]
    scheduled = datetime.fromisoformat(finished["expected_start_time"])
    assert scheduled.second == 0
    assert scheduled.tzinfo is not None
    day = scheduled.astimezone(UTC).date()
    assert set(table(service.folder / "tables", "runs")["run_date"]) == {day}
    assert finished["name"] == f"nightly-{day}"
    service.wait(
        lambda: any("committed" in line["message"] for line in service.ask("logs/filter")), 30, "log line of copydesk"
    )
    (link,) = {
        found[1]
        for artifact in service.ask("artifacts/filter")
        if (found := re.search(r"\((http://127\.0\.0\.1:\d+/\S+)\)", str(artifact["data"])))
    }
    assert get(link)[1].startswith(b"<!doctype html>")

    processes = _descendants(service.process.pid)
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
    service.wait((service.folder / "tables" / "_commits").exists, 300, "published night")
    service.wait(lambda: service.runs("COMPLETED"), 60, "finished run")
    assert not list((service.folder / "home").glob("*.db")), "a database other than the one it was given"

    (started,) = [pid for pid in _descendants(service.process.pid) if _is_server(pid)]
    os.kill(started, signal.SIGKILL)
    assert service.process.wait(60) == 2, service.said()
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
            deadline = time.monotonic() + 60
            while subprocess.run([programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode:
                assert time.monotonic() < deadline
                time.sleep(0.2)
            yield f"postgresql://copydesk@127.0.0.1:{port}/postgres"
            process.send_signal(signal.SIGINT)  # ends at once, with the connections that are open


def _descendants(pid: int) -> list[int]:
    """The processes that `pid` has started, and those that they have."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:  # ended meanwhile
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found
