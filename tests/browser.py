"""Report pages in a headless Chromium without a network: what it logs, and what scripts in a page find."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import resource
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: Packages that carry axe-core (https://github.com/dequelabs/axe-core); any of them will do.
_AXE = ("axe_core_python", "axe_playwright_python")

_FLAGS = (
    *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
    *("disable-component-update", "disable-sync", "host-resolver-rules=MAP * ~NOTFOUND", "enable-logging=stderr"),
)
_POLICY_RE = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


class Seen(NamedTuple):
    """The page once its scripts have run, and what the browser said about it."""

    dom: str
    console: list[str]


def visit(page: Path, profile: Path, *flags: str) -> Seen:
    """Open a page of the disk."""
    given = (*_FLAGS, f"user-data-dir={profile}", "virtual-time-budget=20000", *flags, "dump-dom")
    command = [str(CHROMIUM), *(f"--{flag}" for flag in given), page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    return Seen(done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line])


def opening_costs(html: str, folder: Path) -> float:
    """The CPU seconds in which a browser of one process starts, lays out a page and throws it away."""
    empty = "document.body.offsetHeight; document.body.remove()"
    script = f"<script>addEventListener('load', () => setTimeout(() => {{ {empty} }}, 0))</script>"
    place = folder / "opened.html"
    place.write_text(_POLICY_RE.sub("", html).replace("</body>", f"{script}</body>"), "utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    visit(place, folder / "profile", "single-process")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def axe() -> str | None:
    """The source of axe-core, None where it is not installed."""
    if given := os.environ.get("COPYDESK_AXE"):
        return Path(given).read_text("utf-8")
    for name in _AXE:
        found = importlib.util.find_spec(name)
        if found and found.submodule_search_locations:
            file = Path(found.submodule_search_locations[0]) / "axe.min.js"
            if file.exists():
                return file.read_text("utf-8")
    return None


def in_every(pages: Mapping[str, str], folder: Path, script: str, width: int, *flags: str) -> dict[str, Any]:
    """What `script` finds in each page, in frames of `width` pixels: it calls `tell(value)` once.

    The pages are copies without their policy, which forbids what is foreign, scripts of tests too.
    """
    teller = "const tell = (value) => parent.postMessage(JSON.stringify([name, value]), '*');"
    frames = []
    for number, (name, html) in enumerate(pages.items()):
        own, place = _POLICY_RE.subn("", html), folder / f"{width}-{number}.html"
        assert own[1] == 1, name
        place.write_text(own[0].replace("</body>", f"<script>{teller}\n{script}</script></body>"), "utf-8")
        frames.append(f'<iframe name="{name}" style="width:{width}px;height:900px" src="{place.name}"></iframe>')
    gather = """const told = {}; addEventListener("message", (event) => {
      const [name, value] = JSON.parse(event.data); told[name] = value;
      document.querySelector("pre").textContent = JSON.stringify(told); });"""
    wrapper = folder / f"wrapper-{width}.html"
    wrapper.write_text(
        f'<!doctype html><meta charset="utf-8"><pre></pre><script>{gather}</script>{"".join(frames)}', "utf-8"
    )
    dom = visit(wrapper, folder / "profile", *flags).dom
    match = re.search(r"<pre>([^<]*)</pre>", dom)
    assert match, dom[:500]
    text = match.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    found: dict[str, Any] = json.loads(text or "{}")
    assert found.keys() == pages.keys(), f"no answer from {pages.keys() - found.keys()}"
    return found
