"""Nothing is sent to anybody: what copydesk and all that it imports ask the kernel for, seen by strace.

Each command runs with an empty home. It may connect to addresses of this machine alone, look up no name, and write
nothing but the warehouse and temporary files; libraries with telemetry would leave a device id in the home.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RAW = ROOT / "examples" / "raw"

STRACE = shutil.which("strace")
CALLS = "trace=connect,sendto,sendmsg,openat,creat,mkdir,mkdirat,rename,renameat,renameat2"
ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
LOCAL = re.compile(r"127\.|::1$|::ffff:127\.")
WRITES = re.compile(
    r'openat\([^,]+, "([^"]+)", [^)]*O_(?:WRONLY|RDWR|CREAT)|(?:creat|mkdir)\("([^"]+)"|rename\("[^"]+", "([^"]+)"'
)
#: Places that belong to the system.
SYSTEM = ("/dev/", "/proc/", "/sys/")


#: It stops a process at the calls that it was asked for, and not at all others.
FILTERED = ("-f", "--seccomp-bpf")


def _can_trace() -> bool:
    if STRACE is None:
        return False
    command = [STRACE, *FILTERED, "-qq", "-e", "trace=none", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not _can_trace(), reason="needs strace, and leave to trace processes")


class Traced:
    """A command under strace, in a folder of its own with an empty home."""

    def __init__(self, folder: Path, *command: str) -> None:
        self.folder, self.home, self.log = folder, folder / "home", folder / "calls.txt"
        self.home.mkdir()
        assert STRACE is not None
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LD_LIBRARY_PATH")}
        self.process = subprocess.Popen(
            [STRACE, *FILTERED, "-qq", "-e", CALLS, "-o", str(self.log), *command],
            cwd=folder,
            env={**kept, "HOME": str(self.home), "TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        (folder / "tmp").mkdir()

    def wait(self) -> None:
        self.printed, _ = self.process.communicate(timeout=300)

    def outside(self) -> set[str]:
        """Addresses beyond this machine that it tried to reach, those of name servers included."""
        found = {v4 or v6 for v4, v6 in ADDRESS.findall(self.log.read_text("utf-8", "replace"))}
        return {address for address in found if not LOCAL.match(address)}

    def written(self) -> set[str]:
        """What it made or opened to write, outside its own folder and the system's."""
        lines = (line for line in self.log.read_text("utf-8", "replace").splitlines() if "= -1 " not in line)
        paths = (next(filter(None, found.groups())) for line in lines if (found := WRITES.search(line)))
        own = (str(self.folder), *SYSTEM)
        # A name without a folder is one in its own; Python writes bytecode beside the code.
        return {path for path in paths if path[0] == "/" and not path.startswith(own) and "__pycache__" not in path}


COMMANDS = {
    "show": ("-m", "copydesk.cli", "show", str(RAW / "29-typos.txt")),
    "page": ("-m", "copydesk.cli", "show", str(RAW / "18-page.html")),
    "clean": ("-c", "import copydesk; copydesk.clean('He walked away form the house on Friday.', uri='a')"),
}


def traced(folder: Path, *arguments: str) -> Traced:
    """Python with these arguments, once it has ended."""
    command = Traced(folder, sys.executable, *arguments)
    command.wait()
    return command


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    arguments = ("run", str(RAW), "--warehouse", "w", "--date", "2024-05-03", "--workers", "1")
    return traced(tmp_path_factory.mktemp("night"), "-m", "copydesk.cli", *arguments)


def _keeps_to_itself(command: Traced) -> None:
    assert command.process.returncode == 0, command.printed
    assert command.outside() == set()
    assert command.written() == set()
    assert list(command.home.rglob("*")) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_reaches_nobody_and_writes_only_what_it_says(name: str, tmp_path: Path) -> None:
    _keeps_to_itself(traced(tmp_path, *COMMANDS[name]))


def test_a_run_reaches_nobody_and_writes_only_its_warehouse(night: Traced) -> None:
    _keeps_to_itself(night)


def test_data_docs_reach_nobody_and_write_only_to_the_warehouse(night: Traced, tmp_path: Path) -> None:
    shutil.copytree(night.folder / "w", tmp_path / "w")
    _keeps_to_itself(traced(tmp_path, "-m", "copydesk.cli", "report", "--data-docs", "--warehouse", "w"))


@pytest.mark.slow
def test_the_schedule_reaches_its_own_server_alone(tmp_path: Path) -> None:
    command = ("-m", "copydesk.cli", "serve", str(RAW), "--warehouse", str(tmp_path / "w"), "--port", "0")
    service = Traced(tmp_path, sys.executable, *command)
    try:
        assert service.process.stdout is not None
        printed = ""
        while "every night at" not in printed:
            line = service.process.stdout.readline()
            assert line, printed
            printed += line
        time.sleep(10)  # services of the server that send usage start a few seconds after it
    finally:
        os.killpg(service.process.pid, signal.SIGTERM)
        service.wait()
    assert service.outside() == set()
    assert service.written() == set()
    assert {path.name for path in service.home.iterdir()} <= {".prefect"}


def test_a_connection_would_be_seen(tmp_path: Path) -> None:
    script = "import socket\ntry: socket.create_connection(('192.0.2.1', 9), 0.2)\nexcept OSError: pass\n"
    script += "open('/var/tmp/copydesk-test-network', 'w').close()"
    command = traced(tmp_path, "-c", script)
    Path("/var/tmp/copydesk-test-network").unlink()
    assert command.outside() == {"192.0.2.1"}
    assert command.written() == {"/var/tmp/copydesk-test-network"}
