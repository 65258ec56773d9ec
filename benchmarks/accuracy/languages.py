"""Language identification on pieces of clean text, compared with py3langid alone.

A piece is a run of whole words with a minimum length from a document of known language. Labels are those of the
documents: an English sentence in a Turkish page counts as Turkish. `und` is neither right nor wrong.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from copydesk.text.language import language

from .material import Document, Row, clean_documents, progress

STEP = "language"
#: Languages whose dates, datelines and bylines are read; Sorani is `ckb`, Kurmanji `kmr`.
NEWS = "en ar tr ckb kmr fa ru uk es pt fr de it pl bg ur zh ja".split()
#: Codes that are right for a language beside its own: macrolanguages, and what differs by the alphabet only.
ALSO = {
    "ckb": {"ku"}, "kmr": {"ku"}, "no": {"nb", "nn"}, "bs": {"hr", "sr"}, "hr": {"bs", "sr"}, "sr": {"bs", "hr"},
    "ms": {"id"}, "id": {"ms"},
}  # fmt: skip
LENGTHS = (100, 300, 1000)


@cache
def _py3langid() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


IDENTIFIERS: dict[str, Callable[[str], str]] = {
    "copydesk": language,
    "py3langid": lambda text: str(_py3langid().classify(text)[0]),
}


def piece(document: Document, length: int, chance: random.Random) -> str | None:
    """Whole words of `document` from anywhere in it, at least `length` characters; None where it is shorter."""
    text = document.text.replace("\n", " ")
    if len(text) < length:
        return None
    start = chance.randrange(len(text) - length + 1)
    start = text.rfind(" ", 0, start) + 1 if " " in text[:start] else 0 if start < length else start
    end = text.find(" ", start + length)
    # Scripts without spaces, and the last word.
    return text[start : end if 0 < end < start + 2 * length else start + length]


def pieces(documents: list[Document], length: int, count: int, seed: str) -> list[tuple[str, str]]:
    """At most `count` (piece, source), drawn evenly from the documents, none twice."""
    chance = random.Random(seed)
    found: dict[str, str] = {}
    long = [document for document in documents if len(document.text) >= length]
    for _ in range(3 * count if long else 0):
        document = chance.choice(long)
        if text := piece(document, length, chance):
            found.setdefault(text, document.source)
        if len(found) >= count:
            break
    return list(found.items())


def measure(
    documents: dict[str, list[Document]], length: int, count: int, tools: dict[str, Callable[[str], str]] = IDENTIFIERS
) -> dict[str, Any]:
    """For each language and tool: how many pieces are right, wrong and und; and what copydesk got wrong."""
    result: dict[str, dict[str, Any]] = {}
    failures = []
    for code, texts in progress(list(documents.items()), f"{length} characters"):
        drawn = pieces(texts, length, count, f"{code}{length}")
        if not drawn:
            continue
        accepted = {code} | ALSO.get(code, set())
        row: dict[str, Any] = {"n": len(drawn)}
        for tool, identify in tools.items():
            outcome: Counter[str] = Counter()
            for text, source in drawn:
                named = identify(text)
                kind = "right" if named in accepted else "und" if named == "und" else "wrong"
                outcome[kind] += 1
                if tool == "copydesk" and kind != "right":
                    failures.append({"language": code, "named": named, "source": source, "piece": text[:200]})
            row[tool] = {kind: outcome[kind] for kind in ("right", "wrong", "und")}
        result[code] = row
    return {"languages": result, "failures": failures}


def _labelled(data: Path) -> dict[str, list[Document]]:
    """Clean documents by language. Files say `kurdish` for Kurmanji; pages without a language are left out."""
    documents = {code: texts for code, texts in clean_documents(data).items() if code not in ("zxx", "und")}
    if "ku" in documents:
        documents["kmr"] = documents.pop("ku")
    return documents


def run(data: Path, sample: int | None, peers: bool = True) -> tuple[list[Row], dict[str, Any]]:
    """The rows of the table and the whole report. `sample` is the number of pieces of a language (100)."""
    documents = _labelled(data)
    tools = {tool: run for tool, run in IDENTIFIERS.items() if peers or tool == "copydesk"}
    report, rows = {}, []
    for length in LENGTHS:
        report[f"{length} characters"] = found = measure(documents, length, sample or 100, tools)
        for title, codes in (("languages of news", NEWS), ("other languages", sorted(set(documents) - set(NEWS)))):
            chosen = [found["languages"][code] for code in codes if code in found["languages"]]
            n = sum(row["n"] for row in chosen)
            if not n:
                continue
            totals: dict[str, Counter[str]] = defaultdict(Counter)
            for row in chosen:
                for tool in tools:
                    totals[tool].update(row[tool])
            for kind in ("right", "wrong"):
                shares = {tool: totals[tool][kind] / n for tool in tools}
                aim = "≥ 99" if codes is NEWS and kind == "right" else ""
                name = f"{len(chosen)} {title}, {length} characters"
                share = shares.pop("copydesk")
                rows.append(Row(STEP, name, kind, share, n, dict(shares), aim, harm=kind == "wrong"))
    return rows, {"languages": {k: v["languages"] for k, v in report.items()}, "parts": report}
