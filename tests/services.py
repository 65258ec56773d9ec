"""A running `copydesk serve` for tests: started, asked over HTTP, and killed with all that it has started."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nights import story

from copydesk.schedule import server

ROOT = Path(__file__).parent.parent
#: Not through the proxy of the machine.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
#: Seconds after which what does not come is taken for lost: many more than a busy machine needs.
PATIENCE = 600


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

    def wait(self, ready: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not (found := ready()):
            assert self.process.poll() is None, f"serve ended before {what}:\n{self.said()}"
            assert time.monotonic() < deadline, f"no {what} within {PATIENCE} s:\n{self.said()}"
            time.sleep(0.05)
        return found

    def ask(self, path: str, **content: Any) -> Any:
        """What the API answers. While its database is busy it says 503, and is asked again, as Prefect's clients do."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}", json.dumps(content).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with DIRECT.open(request, timeout=PATIENCE) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != 503 or time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def runs(self, state: str) -> list[dict[str, Any]]:
        return [run for run in self.ask("flow_runs/filter") if run["state_type"] == state]

    @property
    def url(self) -> str:
        found = self.wait(lambda: re.search(r"see (http://127\.0\.0\.1:\d+) ", self.said()), "server")
        return str(found[1])

    def start_a_run(self, document: str) -> tuple[str, int]:
        """Deliver a new document and start a run now; its id and process, as soon as it has staged the document."""
        (self.folder / "raw" / document).write_text(story(int(document.split(".", maxsplit=1)[0])))
        (deployment,) = self.ask("deployments/filter")
        run = self.ask(f"deployments/{deployment['id']}/create_flow_run")["id"]
        self.wait(lambda: list((self.folder / "tables").glob("_staging/*")), "staging of the run")
        (engine,) = [pid for pid in descendants(self.process.pid) if "prefect.engine" in command(pid)]
        os.kill(engine, signal.SIGSTOP)  # what it works on takes it milliseconds
        return run, engine

    def kill(self) -> None:
        """End `serve` as a kernel out of memory does, and wait for all that it has started."""
        processes = descendants(self.process.pid)
        assert processes
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + PATIENCE
        while left := [pid for pid in processes if lives(pid)]:
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


def get(url: str, **headers: str) -> tuple[int, bytes]:
    """The status and the content of a page."""
    try:
        with DIRECT.open(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
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
