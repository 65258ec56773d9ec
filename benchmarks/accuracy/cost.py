"""Speed of each step: megabytes of UTF-8 per CPU second, compared with ftfy on the same text; and hostile text.

Texts are about 1 MB in documents of 2.5 kB: English in ASCII, English with curly quotes, Cyrillic, and mojibake (UTF-8
read as cp1252). Each result is the best of three runs. Hostile texts are one document of a repeated character; time
should grow linearly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import chardet
import ftfy

from copydesk.config import Config
from copydesk.pipeline import clean_alone
from copydesk.records import Document as Raw
from copydesk.text.encodings import Undecodable, decode
from copydesk.text.language import language
from copydesk.text.normalize import normalize
from copydesk.text.repair import repair
from copydesk.text.structure import Given, structure

from .material import Document, Row, clean_documents, progress
from .mojibake import utf8_as

STEP = "cost"
CONFIG = Config()
SIZE, RUNS = 1_000_000, 3
HOSTILE = {"Ã": "Ã", "(": "(", "digits": "1234567890", "blank lines": "\n \n", "Ã©": "Ã© ", "├⌐": "├⌐ "}
HOSTILE_MB = (1, 2, 4, 8)


def _about(documents: Iterable[Document], size: int = SIZE) -> list[str]:
    texts: list[str] = []
    total = 0
    for document in documents:
        if total >= size:
            break
        texts.append(document.text.replace("\n", "\n\n"))
        total += len(document.text.encode("utf-8"))
    return texts


def texts(data: Path) -> dict[str, list[str]]:
    """The four kinds of text, each about 1 MB."""
    documents = clean_documents(data)
    english = documents.get("en", [])
    curly = [d for d in english if any(c in d.text for c in "“”’‘")]
    western = [*curly, *documents.get("es", []), *documents.get("de", []), *documents.get("fr", [])]
    broken = [Document(d.language, utf8_as(d.text, "cp1252"), d.source) for d in western[::3] if not d.text.isascii()]
    cyrillic = [d for code in ("ru", "bg", "uk") for d in documents.get(code, [])]
    kinds = {
        "clean ASCII": _about(d for d in english if d.text.isascii()),
        "curly English": _about(curly),
        "Cyrillic": _about(cyrillic),
        "mojibake": _about(broken),
    }
    return {kind: found for kind, found in kinds.items() if found}


def _decode(content: bytes) -> Any:
    with suppress(Undecodable):
        return decode(content)


def _normalize(text: str) -> Any:
    return normalize(text, CONFIG.text.quotes)


def _structure(text: str) -> Any:
    return structure(text, Given(), CONFIG.dates)


def _legacy(text: str) -> bytes:
    """`text` as it was stored before UTF-8: cp1251 or cp1252."""
    return text.encode("cp1251" if "\u0430" in text else "cp1252", "ignore")


#: Steps as (what they are given, what is timed); what each is given is made beforehand.
STEPS: dict[str, tuple[Callable[[str], Any], Callable[[Any], Any]]] = {
    "decode": (lambda text: text.encode("utf-8"), decode),
    "decode legacy bytes": (_legacy, decode),
    "repair": (lambda text: text, repair),
    "normalize": (lambda text: repair(text)[0], _normalize),
    "structure": (lambda text: _normalize(repair(text)[0])[0], _structure),
    "language": (lambda text: text, language),
    "all but typos": (
        lambda text: Raw("bench/cost.txt", text.encode("utf-8")), lambda document: clean_alone([document], CONFIG),
    ),
}  # fmt: skip
PEERS: dict[str, tuple[Callable[[str], Any], Callable[[Any], Any]]] = {
    "ftfy.fix_text": (lambda text: text, ftfy.fix_text),
    "chardet": (_legacy, chardet.detect),
}


def seconds(run: Callable[[Any], Any], inputs: Sequence[Any], runs: int = RUNS) -> float:
    """The least CPU time of several runs over all inputs."""
    best = float("inf")
    for _ in range(runs):
        began = time.process_time()
        for one in inputs:
            run(one)
        best = min(best, time.process_time() - began)
    return max(best, 1e-9)


def speeds(data: Path, runs: int) -> dict[str, dict[str, float]]:
    """MB/s by kind of text and step or peer."""
    result: dict[str, dict[str, float]] = {}
    for kind, documents in progress(list(texts(data).items()), "cost"):
        megabytes = sum(len(text.encode("utf-8")) for text in documents) / 1e6
        result[kind] = {"MB": megabytes}
        for name, (prepare, run) in (STEPS | PEERS).items():
            inputs = [prepare(text) for text in documents]
            run(inputs[0])  # reads models and lists
            result[kind][name] = megabytes / seconds(run, inputs, runs)
    return result


def hostile() -> dict[str, dict[str, dict[int, float]]]:
    """Seconds of each step by kind of hostile text and megabytes."""
    result: dict[str, dict[str, dict[int, float]]] = {}
    steps = {
        **STEPS,
        "decode latin-1 bytes": (lambda text: text.encode("latin-1", "replace"), _decode),
        "ftfy.fix_text": PEERS["ftfy.fix_text"],
    }
    for kind, unit in progress(list(HOSTILE.items()), "hostile text"):
        result[kind] = {name: {} for name in steps}
        for size in HOSTILE_MB:
            text = unit * (size * 1_000_000 // len(unit.encode("utf-8")))
            for name, (prepare, run) in steps.items():
                result[kind][name][size] = round(seconds(run, [prepare(text)], 1), 3)
    return result


def run(data: Path, sample: int | None, with_hostile: bool = False) -> tuple[list[Row], dict[str, Any]]:
    """The rows of the table and the report. `sample` is the number of runs of which the best counts (3)."""
    report: dict[str, Any] = {"speeds": speeds(data, sample or RUNS)}
    rows: list[Row] = []
    for kind, row in report["speeds"].items():
        for name in STEPS:
            beside = ("chardet", "ftfy.fix_text") if name == "decode legacy bytes" else ("ftfy.fix_text",)
            peers: dict[str, float | None] = {peer: row[peer] for peer in beside}
            aim = "" if name == "all but typos" else "≥ ftfy"
            rows.append(Row(STEP, f"{kind}, {row['MB']:.1f} MB", f"{name}, MB/s", row[name], RUNS, peers, aim, ""))
    if with_hostile:
        report["hostile"] = hostile()
        for kind, steps in report["hostile"].items():
            for name, times in steps.items():
                peers = {f"{size} MB": taken for size, taken in times.items()}
                largest = times[HOSTILE_MB[-1]]
                rows.append(Row(STEP, f"hostile: {kind}", f"{name}, s", largest, 1, peers, "linear", ""))
    return rows, report
