"""A night by the command line, as a user runs it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import Took


def night(articles: Path, warehouse: Path, day: date, mode: str, workers: int = 1, watch: bool = False) -> Took:
    """The command, from its start to its end."""
    settings = articles.with_name(f"{mode}.toml")
    settings.write_text(f'[typos]\nmode = "{mode}"\n', encoding="utf-8")
    command = ["run", str(articles), "--warehouse", str(warehouse), "--date", day.isoformat(), "--fail-on", "never"]
    options = ["--config", str(settings), "--workers", str(workers)]
    return processes.python(["-m", "copydesk.cli", *command, *options], watch)
