"""`copydesk serve`: what it refuses at once, and a real schedule on a real server that really fires."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from nights import story, table

from copydesk.config import Config
from copydesk.config.load import ConfigError
from copydesk.run import schedule

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in schedule.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)  # `serve` sets them for good, and other tests follow


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
    monkeypatch.setattr(schedule, "_server", lambda: pytest.fail("a server was asked for"))
    with pytest.raises(ConfigError, match=re.escape(words)):
        schedule.serve(["raw"], Config(), cron, zone)


def test_a_source_that_is_not_there_is_told_before_any_server_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        schedule.serve([str(tmp_path / "nowhere")], Config(), "0 2 * * *")


def test_a_server_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    monkeypatch.setattr(schedule, "START_SECONDS", 0)
    url = f"http://127.0.0.1:{schedule._free_port()}/api"
    with temporary_settings({PREFECT_API_URL: url}), pytest.raises(ConfigError, match=re.escape(url)):
        schedule.serve([str(tmp_path)], Config(), "0 2 * * *")


def test_paths_mean_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert schedule._anywhere("raw") == str(tmp_path / "raw")
    assert schedule._anywhere("s3://scrapes/raw") == "s3://scrapes/raw"


def test_prefect_is_not_imported_before_telemetry_is_off() -> None:
    code = "import sys, copydesk.cli, copydesk.run.schedule; print('prefect' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"


@pytest.mark.parametrize("home", ["/proc/nobody", "/dev/null"])
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that not even root can write to")
def test_without_a_home_that_can_be_written_a_sentence_says_what_to_set(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_server", lambda: pytest.fail("a server was asked for"))
    monkeypatch.delenv("PREFECT_HOME", raising=False)
    monkeypatch.setenv("HOME", home)
    with pytest.raises(ConfigError, match="PREFECT_HOME"):
        schedule.serve([str(tmp_path)], Config(), "0 2 * * *")


@pytest.mark.skipif(os.name == "nt", reason="process groups are those of POSIX")
@pytest.mark.parametrize("stubborn", [False, True])
def test_what_is_kept_ends_with_the_process_that_asked_for_it(tmp_path: Path, stubborn: bool) -> None:
    """Also when that process is killed, and also when the command and what it started do not listen."""
    deaf = "trap '' TERM; " if stubborn else ""
    script = (
        "import subprocess, sys, time\n"
        "keeper = [sys.executable, '-c', 'from copydesk.run import keeper; keeper.STOP_SECONDS = 1; keeper.main()']\n"
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
    """A running `copydesk serve`, started from a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "serve.log"
        environment = {name: value for name, value in os.environ.items() if name not in schedule.ENVIRONMENT}
        environment.pop("PREFECT_API_URL", None)
        environment["PREFECT_HOME"] = str(folder / "home")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), environment.get("PYTHONPATH")]))
        arguments = ["serve", "raw", "--warehouse", "tables", "--cron", "* * * * *"]
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
            time.sleep(0.3)
        return found

    def ask(self, path: str) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/{path}", b"{}", {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return json.load(answer)

    @property
    def url(self) -> str:
        found = self.wait(lambda: re.search(r"see (http://127\.0\.0\.1:\d+) ", self.said()), 150, "server")
        return str(found[1])


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "raw").mkdir()
    for number in range(3):
        (tmp_path / "raw" / f"{number}.txt").write_text(story(number))
    service = Service(tmp_path)
    yield service
    if service.process.poll() is None:
        children = _descendants(service.process.pid)
        for pid in [service.process.pid, *children]:
            os.kill(pid, signal.SIGKILL)
        service.process.wait()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes through /proc")
def test_a_real_schedule_fires_and_publishes_and_sigterm_ends_it(service: Service) -> None:
    service.wait((service.folder / "tables" / "_commits").exists, 240, "published night")
    finished = service.wait(
        lambda: [run for run in service.ask("flow_runs/filter") if run["state_type"] == "COMPLETED"], 60, "finished run"
    )

    articles = table(service.folder / "tables", "articles")
    assert sorted(articles["uri"]) == ["0.txt", "1.txt", "2.txt"]
    scheduled = min(datetime.fromisoformat(run["expected_start_time"]) for run in finished)
    assert scheduled.second == 0 and scheduled.tzinfo is not None
    day = scheduled.astimezone(UTC).date()
    assert set(table(service.folder / "tables", "runs")["run_date"]) == {day}
    assert f"nightly-{day}" in {run["name"] for run in finished}
    service.wait(
        lambda: any("committed" in line["message"] for line in service.ask("logs/filter")), 30, "log line of copydesk"
    )

    processes = _descendants(service.process.pid)
    server = [pid for pid in processes if "server\0start" in Path(f"/proc/{pid}/cmdline").read_text()]
    engines = [pid for pid in processes if "prefect.engine" in Path(f"/proc/{pid}/cmdline").read_text()]
    assert server
    for pid in server + engines:
        lines = Path(f"/proc/{pid}/environ").read_text().split("\0")
        told = dict(line.split("=", 1) for line in lines if line)
        names = ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED")
        # Prefect hands its settings on as Python writes them: False
        assert [told.get(name, "unset").lower() for name in names] == ["1", "false"]

    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 0, service.said()
    assert "Traceback" not in service.said()
    assert [pid for pid in processes if Path(f"/proc/{pid}").exists()] == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes through /proc")
def test_a_server_that_dies_ends_serve_with_a_sentence(service: Service) -> None:
    assert service.url
    told = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in _descendants(service.process.pid)}
    servers = [pid for pid, command in told.items() if "server\0start" in command and "keeper" not in command]
    assert servers
    for pid in servers:
        os.kill(pid, signal.SIGKILL)
    assert service.process.wait(60) == 2, service.said()
    assert "the Prefect server at http://127.0.0.1" in service.said() and "Traceback" not in service.said()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes through /proc")
def test_a_killed_serve_leaves_no_server(service: Service) -> None:
    assert service.url
    processes = _descendants(service.process.pid)
    assert processes
    service.process.kill()
    service.process.wait()
    deadline = time.monotonic() + 60
    while left := [pid for pid in processes if _lives(pid)]:
        assert time.monotonic() < deadline, [Path(f"/proc/{pid}/cmdline").read_text() for pid in left]
        time.sleep(0.3)


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
