"""Mojibake: clean documents broken in every known way, repaired by copydesk and by ftfy.

A document counts as right if it is restored exactly, up to Unicode form NFC, invisible characters, and no-break spaces,
which count as spaces. ftfy's changes of style (quotes, ligatures, widths, line ends, entities) are off. If bytes were
lost, a document cannot always be restored; then characters are counted: right, wrong, or unchanged.
"""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any, Self

import ftfy

from copydesk.text.repair import repair

from .material import Document, Row, clean_documents, progress, sampled

STEP = "mojibake"
#: Good lines with what mojibake is made of: `SÃO`, box drawing, words of Cyrillic capitals.
SUSPICIOUS = Path(__file__).with_name("own") / "suspicious.txt"
UTF8_AS = (
    "cp1252", "latin-1", "cp1251", "mac_roman", "cp1250", "iso8859-2", "cp1254", "cp437", "cp850", "koi8-r", "cp866",
)  # fmt: skip
LOSSY_AS = ("cp1252", "latin-1", "cp1251", "cp1250", "cp1254", "iso8859-2")
#: Codecs whose no-break space is a byte that UTF-8 uses.
NBSP_AS = (*LOSSY_AS, "koi8-r")
MIXED = (
    ("cp1252", "latin-1"), ("latin-1", "cp1252"), ("cp1252", "cp1251"), ("cp1251", "cp1252"), ("mac_roman", "cp1252"),
    ("cp1252", "mac_roman"), ("cp1252", "cp437"), ("cp437", "cp1252"), ("cp1250", "cp1252"), ("cp1252", "cp850"),
)  # fmt: skip
#: Legacy encodings, and the languages that were written in them.
LEGACY = {
    "cp1251": "ru uk bg be mk sr", "koi8-r": "ru", "cp866": "ru", "cp1253": "el", "cp1254": "tr", "cp1255": "he",
    "cp1256": "ar fa ur", "gb18030": "zh", "big5": "zh", "shift_jis": "ja", "euc_jp": "ja", "euc_kr": "ko",
    "cp1250": "pl cs sk hu hr sl ro",
}  # fmt: skip
#: How many characters a paragraph has from which its legacy bytes are to be recognized.
LONG = 200
#: Documents of which single characters are aligned are cut here: alignment takes the square of a line's length.
ALIGNED = 600

#: What a group of kinds is called, and what it is to reach.
GROUPS = {
    "once": ("UTF-8 read as cp1252, latin-1, cp1251, mac_roman", "≥ 99.5"),
    "central": ("UTF-8 read as cp1250, iso8859-2, cp1254", "≥ 98"),
    "dos": ("UTF-8 read as cp437, cp850", "≥ 95"),
    "cyrillic": ("UTF-8 read as koi8-r, cp866", "≥ 95"),
    "twice": ("two layers, the same codec", "≥ 95"),
    "mixed": ("two layers, two codecs", "≥ 95"),
    "legacy": (f"legacy bytes read as cp1252, paragraphs > {LONG}", "≥ 90"),
    "central-legacy": (f"cp1250 read as cp1252, paragraphs > {LONG}", ""),
    "lossy-nbsp": ("no-break space turned to space", ""),
    "lossy-dropped": ("C1 or undefined bytes dropped", ""),
    "lossy-U+FFFD": ("C1 or undefined bytes as U+FFFD", ""),
    "lossy-?": ("C1 or undefined bytes as ?", ""),
    "one": ("one broken paragraph among good ones", "≥ 99"),
}  # fmt: skip


# --- breaking ---------------------------------------------------------------------------------------------------------


@cache
def _byte_table(codec: str, lost: str | None) -> tuple[str, ...]:
    """What each byte looks like in `codec`; an undefined byte, and a C1 control, is kept as C1 or becomes `lost`."""
    seen = []
    for byte in range(256):
        char = bytes([byte]).decode(codec, "ignore") or chr(byte)
        seen.append(lost if lost is not None and "\x80" <= char <= "\x9f" else char)
    return tuple(seen)


def read_as(content: bytes, codec: str, lost: str | None = None) -> str:
    """`content` read in a wrong single-byte codec, as programs do that never fail."""
    table = _byte_table(codec, lost)
    return "".join([table[byte] for byte in content])


def utf8_as(text: str, *codecs: str, lost: str | None = None) -> str:
    """`text` stored as UTF-8 and read as the first codec, the result stored and read as the next, and so on."""
    for codec in codecs:
        text = read_as(text.encode("utf-8"), codec, lost)
    return text


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of breaking. `break_` gives (truth, broken), or None for a document that it does not apply to."""

    name: str
    group: str
    break_: Callable[[Document], tuple[str, str] | None]
    lossy: bool = False


def _utf8(*codecs: str, lost: str | None = None, nbsp: bool = False) -> Callable[[Document], tuple[str, str] | None]:
    def break_(document: Document) -> tuple[str, str] | None:
        text = document.text
        if lost is not None or nbsp:
            text = text[:ALIGNED]
        broken = utf8_as(text, *codecs, lost=lost)
        if nbsp or lost is not None:
            whole = utf8_as(text, *codecs)
            broken = broken.replace("\xa0", " ") if nbsp else broken
            return (text, broken) if broken != whole else None
        return (text, broken) if broken != text else None

    return break_


def _legacy(encoding: str) -> Callable[[Document], tuple[str, str] | None]:
    languages = LEGACY[encoding].split()

    def break_(document: Document) -> tuple[str, str] | None:
        if document.language not in languages:
            return None
        content = document.text.encode(encoding, "ignore")
        text = content.decode(encoding)
        if len(text) < 0.99 * len(document.text) or text.isascii():
            return None
        return text, read_as(content, "cp1252")

    return break_


def _one_paragraph(codec: str) -> Callable[[Document], tuple[str, str] | None]:
    def break_(document: Document) -> tuple[str, str] | None:
        lines = document.text.split("\n")
        able = [index for index, line in enumerate(lines) if not line.isascii()]
        if len(lines) < 3 or not able:
            return None
        chosen = random.Random(document.text).choice(able)
        lines[chosen] = utf8_as(lines[chosen], codec)
        return document.text, "\n".join(lines)

    return break_


def kinds() -> list[Kind]:
    """All ways of breaking, in the order of the table."""
    group = dict.fromkeys(UTF8_AS[:4], "once") | dict.fromkeys(UTF8_AS[4:7], "central")
    group |= dict.fromkeys(UTF8_AS[7:9], "dos") | dict.fromkeys(UTF8_AS[9:], "cyrillic")
    found = [Kind(f"utf-8 as {c}", group[c], _utf8(c)) for c in UTF8_AS]
    found += [Kind(f"utf-8 as {c}, twice", "twice", _utf8(c, c)) for c in UTF8_AS]
    found += [Kind(f"utf-8 as {a}, then as {b}", "mixed", _utf8(a, b)) for a, b in MIXED]
    found += [Kind(f"{e} as cp1252", "central-legacy" if e == "cp1250" else "legacy", _legacy(e)) for e in LEGACY]
    found += [Kind(f"utf-8 as {c}, one paragraph", "one", _one_paragraph(c)) for c in UTF8_AS]
    found += [Kind(f"utf-8 as {c}, nbsp lost", "lossy-nbsp", _utf8(c, nbsp=True), lossy=True) for c in NBSP_AS]
    for name, lost in (("dropped", ""), ("U+FFFD", "\ufffd"), ("?", "?")):
        found += [Kind(f"utf-8 as {c}, {name}", f"lossy-{name}", _utf8(c, lost=lost), lossy=True) for c in LOSSY_AS]
    return found


# --- repairing --------------------------------------------------------------------------------------------------------

_PLAIN = {
    "uncurl_quotes": False, "fix_latin_ligatures": False, "fix_character_width": False, "fix_line_breaks": False,
    "unescape_html": False,
}  # fmt: skip

REPAIRERS: dict[str, Callable[[str], str]] = {
    "copydesk": lambda text: repair(text)[0],
    "ftfy.fix_text": lambda text: ftfy.fix_text(text, **_PLAIN),
    "ftfy.fix_encoding": ftfy.fix_encoding,
}

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff\xad\u061c"))
# Joiners are spelling inside words only.
_LOOSE_JOINER = re.compile(r"(?<!\w)[\u200c\u200d]|[\u200c\u200d](?!\w)")
_FOLD = {**_INVISIBLE, 0xA0: " ", 0x202F: " ", 0x2028: "\n", 0x2029: "\n"}


def fold(text: str) -> str:
    """`text` without the differences that neither tool is to be blamed for."""
    return unicodedata.normalize("NFC", _LOOSE_JOINER.sub("", text.translate(_FOLD)))


def characters(truth: str, broken: str, output: str) -> tuple[int, int, int]:
    """How many of the non-ASCII characters of `truth` are right in `output`, and how many are wrong or were left.

    Wrong is what is neither in the truth nor in the broken text at its place; a U+FFFD marks a loss and is not wrong.
    """
    right = wrong = total = 0
    lines = zip(truth.split("\n"), broken.split("\n"), output.split("\n"), strict=False)
    for true, bad, out in lines:
        non_ascii = sum(char > "\x7f" for char in true)
        total += non_ascii
        if out == true:
            right += non_ascii
        elif out != bad:
            mine = _shared(true, out)
            right += sum(true[i] > "\x7f" for i, _ in mine)
            kept = {j for _, j in mine} | {j for _, j in _shared(bad, out)}
            wrong += sum(out[j] != "\ufffd" for j in range(len(out)) if j not in kept)
    wrong = min(wrong, total - right)
    return right, wrong, total - right - wrong


def _shared(a: str, b: str) -> list[tuple[int, int]]:
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    return [(i + k, j + k) for i, j, n in blocks for k in range(n)]


# --- measuring --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Count:
    """What became of the documents of one kind and language, by tool."""

    tools: tuple[str, ...] = tuple(REPAIRERS)
    documents: int = 0
    exact: Counter[str] = field(default_factory=Counter)
    changed_wrongly: Counter[str] = field(default_factory=Counter)
    characters: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))

    def __iadd__(self, other: Count) -> Self:
        self.documents += other.documents
        self.exact += other.exact
        self.changed_wrongly += other.changed_wrongly
        for tool, counts in other.characters.items():
            self.characters[tool] = [a + b for a, b in zip(self.characters[tool], counts, strict=True)]
        return self

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = {"n": self.documents}
        for tool in self.tools:
            report[tool] = {
                "exact": self.exact[tool] / max(self.documents, 1),
                "wrong": self.changed_wrongly[tool] / max(self.documents, 1),
            }
            if tool in self.characters:
                total = sum(self.characters[tool]) or 1
                names = ("characters_right", "characters_wrong", "characters_left")
                report[tool] |= {n: c / total for n, c in zip(names, self.characters[tool], strict=True)}
        return report


def _difference(truth: str, broken: str, output: str, around: int = 30) -> dict[str, str]:
    """Where an output first differs from the truth, with what stood there before."""
    at = next((i for i, (a, b) in enumerate(zip(truth, output, strict=False)) if a != b), min(len(truth), len(output)))
    start = max(0, at - around)
    return {"truth": truth[start : at + around], "output": output[start : at + around], "broken": broken[: 2 * around]}


def measure(
    documents: dict[str, list[Document]], ways: Iterable[Kind], tools: dict[str, Callable[[str], str]]
) -> tuple[dict[str, dict[str, Count]], list[dict[str, Any]]]:
    """Counts by kind and language, and examples of what copydesk did not restore: three of each kind and language."""
    counts: dict[str, dict[str, Count]] = {}
    failures = []
    for kind in progress(list(ways), STEP):
        counts[kind.name] = {}
        for language, texts in documents.items():
            count, shown = Count(tuple(tools)), 0
            for document in texts:
                pair = kind.break_(document)
                if pair is None:
                    continue
                truth, broken = fold(pair[0]), pair[1]
                count.documents += 1
                for tool, run in tools.items():
                    output = run(broken)
                    folded = fold(output)
                    count.exact[tool] += folded == truth
                    count.changed_wrongly[tool] += folded not in (truth, fold(broken))
                    if kind.lossy:
                        now = characters(truth, fold(broken), folded)
                        before = count.characters[tool]
                        count.characters[tool] = [a + b for a, b in zip(before, now, strict=True)]
                    if tool == "copydesk" and folded != truth and shown < 3:
                        shown += 1
                        example = _difference(truth, broken, folded)
                        failures.append({"kind": kind.name, "language": language, "source": document.source} | example)
            if count.documents:
                counts[kind.name][language] = count
    return counts, failures


def _long_paragraphs(documents: dict[str, list[Document]], count: int) -> dict[str, list[Document]]:
    found = {}
    for language, texts in documents.items():
        long = [
            Document(language, line, document.source)
            for document in texts
            for line in document.text.split("\n")
            if len(line) > LONG
        ]
        found[language] = sampled(long, count, language)
    return found


def clean(data: Path, count: int, tools: dict[str, Callable[[str], str]]) -> dict[str, Any]:
    """False changes in clean paragraphs and in whole clean documents, by language; and in lines that look broken."""
    report: dict[str, Any] = {"paragraphs": {}, "documents": {}, "lines that look broken": {}, "examples": []}

    def measure(part: str, language: str, texts: list[tuple[str, str]]) -> None:
        row: dict[str, Any] = {"n": len(texts)}
        for tool, run in tools.items():
            outputs = [(text, fold(run(text)), source) for text, source in texts]
            changed = [one for one in outputs if one[1] != fold(one[0])]
            row[tool] = len(changed)
            report["examples"] += [
                {"tool": tool, "language": language, "source": source, **_difference(fold(text), text, output)}
                for text, output, source in changed[:10]
            ]
        report[part][language] = row

    for language, documents in progress(list(clean_documents(data).items()), "clean text"):
        lines = [(line, d.source) for d in documents for line in d.text.split("\n") if not line.isascii()]
        measure("paragraphs", language, sampled(lines, count, language))
        whole = [(d.text, d.source) for d in documents if not d.text.isascii()]
        measure("documents", language, sampled(whole, count, language))
    lines = [(line, SUSPICIOUS.name) for line in SUSPICIOUS.read_text("utf-8").splitlines()]
    measure("lines that look broken", "", lines)
    return report


def ftfys_cases(data: Path, tools: dict[str, Callable[[str], str]]) -> dict[str, dict[str, int]]:
    """ftfy's own cases: how many come out as they should, by file. Its known failures are those it gets wrong."""
    report = {}
    for path in sorted((data / "mojibake").glob("*.json")):
        cases = json.loads(path.read_text("utf-8"))
        row = {"n": len(cases)}
        for tool, run in tools.items():
            row[tool] = sum(
                _loose(run(case["original"]))
                in (_loose(case["fixed"]), _loose(case.get("fixed-encoding", case["fixed"])))
                for case in cases
            )
        report[path.stem] = row
    return report


_STYLE = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\r": None})


def _loose(text: str) -> str:
    """Folded, with straight quotes and without what `fix_text` changes in style: entities, ligatures, widths."""
    return unicodedata.normalize("NFKC", fold(ftfy.fix_text(text, fix_encoding=False)).translate(_STYLE))


def run(data: Path, sample: int | None, peers: bool = True) -> tuple[list[Row], dict[str, Any]]:
    """The rows of the table and the whole report. `sample` is the number of documents of a language (8)."""
    each = sample or 8
    tools = {tool: run for tool, run in REPAIRERS.items() if peers or tool == "copydesk"}
    everything = clean_documents(data)
    documents = {
        language: sampled([d for d in texts if not d.text.isascii()], each, language)
        for language, texts in everything.items()
    }
    legacy = [kind for kind in kinds() if kind.group.endswith("legacy")]
    rest = [kind for kind in kinds() if not kind.group.endswith("legacy")]
    counts, failures = measure(documents, rest, tools)
    more, other_failures = measure(_long_paragraphs(everything, 3 * each), legacy, tools)
    counts |= more
    untouched = clean(data, 20 * each, tools)
    cases = ftfys_cases(data, tools)

    by_group: dict[str, Count] = defaultdict(lambda: Count(tuple(tools)))
    by_kind: dict[str, Count] = defaultdict(lambda: Count(tuple(tools)))
    for kind in kinds():
        for count in counts[kind.name].values():
            by_group[kind.group] += count
            by_kind[kind.name] += count
    report = {
        "groups": {GROUPS[group][0]: count.report() for group, count in by_group.items()},
        "kinds": {name: count.report() for name, count in by_kind.items()},
        "languages": {
            name: {language: count.report() for language, count in by_language.items()}
            for name, by_language in counts.items()
        },
        "clean": untouched,
        "ftfy_cases": cases,
        "failures": failures + other_failures,
    }
    return list(_rows(report, list(tools))), report


def _rows(report: dict[str, Any], tools: list[str]) -> Iterator[Row]:
    for group, (title, aim) in GROUPS.items():
        if title not in report["groups"]:
            continue
        found = report["groups"][title]
        lossy = group.startswith("lossy")
        for key, metric in (
            [("characters_right", "characters right"), ("characters_wrong", "characters wrong")]
            if lossy
            else [("exact", "documents exact"), ("wrong", "changed, not exact")]
        ):
            peers = {tool: found[tool][key] for tool in tools if tool != "copydesk"}
            n = found["n"]
            # What is changed and not exact may be nearer to the truth: no floor.
            yield Row(
                STEP, title, metric, found["copydesk"][key], n, peers, aim if key == "exact" else "",
                harm=key == "characters_wrong", has_floor=key != "wrong",
            )  # fmt: skip
    for part in ("paragraphs", "documents", "lines that look broken"):
        rows = report["clean"][part].values()
        sums: dict[str, float | None] = {tool: float(sum(row[tool] for row in rows)) for tool in tools}
        title = part if part.startswith("lines") else f"clean {part}, {len(rows)} languages"
        n = sum(row["n"] for row in rows)
        yield Row(STEP, title, "changed", sums.pop("copydesk"), n, sums, "0", unit="", harm=True)
    for name, row in report["ftfy_cases"].items():
        peers = {tool: row[tool] / row["n"] for tool in tools if tool != "copydesk"}
        yield Row(
            STEP, f"ftfy's cases: {name.removeprefix('ftfy_')}", "right", row["copydesk"] / row["n"], row["n"], peers
        )
