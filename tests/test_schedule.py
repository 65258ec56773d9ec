"""`copydesk serve`: what it refuses at once, how its reports are read, and that nothing outlives it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from nights import night, story
from services import ROOT, descendants, get, lives

from copydesk.config import Config
from copydesk.config.load import ConfigError
from copydesk.schedule import alert, server
from copydesk.schedule import service as schedule
from copydesk.schedule.reports import reports_at


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No server is configured, also where tests of flows have left the address of theirs in this process."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    for name, value in server.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)  # `serve` sets them for good, and other tests follow
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield


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


def test_a_run_ends_with_the_serve_that_started_it(tmp_path: Path) -> None:
    script = "import os, sys, time\nfrom copydesk.run import child\nchild.end_with_serve()\nprint('on', flush=True)\n"
    script += "time.sleep(300)\n"
    start = "import os, subprocess, sys\nos.environ['COPYDESK_SERVED_BY'] = str(os.getpid())\n"
    start += f"subprocess.run([sys.executable, '-c', {script!r}])\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", start], stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    ) as asker:
        assert asker.stdout is not None
        assert asker.stdout.readline() == "on\n"
        (run,) = descendants(asker.pid)
        asker.kill()
        deadline = time.monotonic() + 60
        while lives(run):
            assert time.monotonic() < deadline, "the run outlives the process that asked for it"
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
    while lives(kept):
        assert time.monotonic() < deadline, "the command outlives the process that asked for it"
        time.sleep(0.1)
    with suppress(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
