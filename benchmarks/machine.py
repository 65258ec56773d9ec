"""Where figures were measured: the processor, Python, and the commit."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import NamedTuple


class Machine(NamedTuple):
    """A processor and a minor version of Python."""

    processor: str
    python: str

    @staticmethod
    def here() -> Machine:
        info = Path("/proc/cpuinfo")
        lines = info.read_text("utf-8", "replace").splitlines() if info.exists() else []
        models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        return Machine(
            next(models, "") or platform.processor() or platform.machine(), _minor(platform.python_version())
        )


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def subject() -> str:
    """What the commit that is measured says in its first line."""
    git = ["git", "log", "-1", "--format=%s"]
    done = subprocess.run(git, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip()
