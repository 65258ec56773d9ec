"""The test data: documents with their language, from the folders given with `--data`.

DATA holds `articles/*.jsonl.gz` (`raw_text`, `lang`, and where known `title`, `date`, `dateline`, `body`),
`encodings/encodings.tsv` with `encodings/files.zip` (files of known encoding), `mojibake/*.json` (`original`, `fixed`),
`dates/dates.tsv` (`raw`, `iso`) and `cases/*.jsonl` (`reports.py`).
"""

from __future__ import annotations

import csv
import gzip
import html
import io
import json
import random
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

#: Languages of files that name theirs in words: the Universal Declaration of Human Rights, and chardet's folders.
LANGUAGES = {
    "afrikaans": "af", "albanian": "sq", "arabic": "ar", "basque": "eu", "belorus": "be", "bosnian": "bs",
    "bulgarian": "bg", "catalan": "ca", "chinese": "zh", "croatian": "hr", "hrvatski": "hr", "czech": "cs",
    "danish": "da", "dutch": "nl", "english": "en", "estonian": "et", "farsi": "fa", "finnish": "fi", "french": "fr",
    "galician": "gl", "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu",
    "icelandic": "is", "indonesian": "id", "italian": "it", "japanese": "ja", "korean": "ko", "kurdish": "ku",
    "latvian": "lv", "lithuanian": "lt", "macedonian": "mk", "malay": "ms", "norwegian": "no", "polish": "pl",
    "portuguese": "pt", "romanian": "ro", "russian": "ru", "serbian": "sr", "slovak": "sk", "slovene": "sl",
    "slovenian": "sl", "spanish": "es", "swedish": "sv", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
    "welsh": "cy",
}  # fmt: skip
#: Where ISO's encoding gives controls, the label is wrong, and the Windows encoding beside it is meant.
TWINS = {"iso8859-2": "cp1250", "iso8859-7": "cp1253", "iso8859-9": "cp1254", "iso8859-8": "cp1255"}
C1 = re.compile("[\x80-\x9f]")
#: A language of which only a page or two is there may be no more than what the page says of itself.
LEAST_PAGES = 3
#: Files of chardet whose language follows from their encoding. Its other Cyrillic folders hold the same texts again.
_BY_ENCODING = {
    "big5": "zh", "gb2312": "zh", "euc_jp": "ja", "shift_jis": "ja", "euc_kr": "ko", "tis-620": "th", "koi8-r": "ru",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """A text in one language: paragraphs, one a line."""

    language: str
    text: str
    source: str


@dataclass(slots=True)
class Row:
    """One line of the table: a share from 0 to 1 (or another metric, by `unit`) of copydesk and of each peer.

    `harm` marks errors, where less is better. `has_floor` says whether the result has a floor.
    """

    step: str
    material: str
    metric: str
    copydesk: float | None
    n: int
    peers: dict[str, float | None] = field(default_factory=dict)
    aim: str = ""
    unit: str = "%"
    harm: bool = False
    has_floor: bool = True


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """`items`, with a line on standard error that says how far they are: always the same one on a terminal."""
    live = sys.stderr.isatty()
    for index, item in enumerate(items):
        if live:
            print(f"\r{what}: {index:,} of {len(items):,}\033[K", end="", file=sys.stderr, flush=True)
        elif index % max(1, len(items) // 4) == 0:
            print(f"{what}: {index:,} of {len(items):,}", file=sys.stderr)
        yield item
    if live:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def sampled(items: Sequence[T], count: int | None, seed: str) -> list[T]:
    """At most `count` of `items`, by a chance that `seed` fixes, in their order."""
    if count is None or count >= len(items):
        return list(items)
    chosen = set(random.Random(seed).sample(range(len(items)), count))
    return [item for index, item in enumerate(items) if index in chosen]


@cache
def articles(data: Path) -> tuple[dict[str, Any], ...]:
    """All articles of `data`, set by set."""
    rows = []
    for path in sorted((data / "articles").glob("*.jsonl*")):
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    return tuple(row for row in rows if row["raw_text"])


@cache
def files(data: Path) -> tuple[tuple[dict[str, str], bytes], ...]:
    """The files of known encoding: their row of the table, and their bytes. None where `data` has no such files."""
    if not (data / "encodings").exists():
        return ()
    table = (data / "encodings" / "encodings.tsv").read_text("utf-8")
    with zipfile.ZipFile(data / "encodings" / "files.zip") as archive:
        rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple((row, archive.read(row["file"])) for row in rows)


def language_of(row: dict[str, str]) -> str | None:
    """ISO 639-1 code of the language that a file of known encoding is in, where that is known."""
    if row["lang"]:
        return LANGUAGES.get(row["lang"])
    return _BY_ENCODING.get(row["true_encoding"])


# --- clean text -------------------------------------------------------------------------------------------------------

# What cannot be in clean text: controls, lost characters, the commonest trace of UTF-8 read as cp1252, words of Latin
# and of Cyrillic or Greek letters mixed, presentation forms, accents in place of apostrophes.
_BROKEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd\ufffe\uffff\ue000-\uf8ff\ufb00-\ufb06\ufb50-\ufdf1\ufe70-\ufefc\uff66-\uff9f]"
    "|â€|Ã[\x80-\xbf]|ï¿½|[A-Za-z][\u0370-\u045f]|[\u0370-\u045f][A-Za-z]|[A-Za-z][´`′][A-Za-z]"
)
# Letters that a text in the language does not have, if it is clean.
_FOREIGN = {"fa": re.compile("[\u064a\u0643]"), "hu": re.compile("[õûôÕÛÔ]")}
# Two declarations that were not stored in the encoding that their names say.
_MISNAMED = re.compile("Lithuanian|Latvian")
# What repair changes for other reasons than mojibake.
_MARKUP = re.compile(r"<|&\w*;|&#\w+;|#\d+;|\b(?:quot|amp|nbsp|apos);|https?:|www\.|\S@\S")
# Letters of the languages that have an alphabet to themselves or share it with few: a line of a Hebrew page that is
# written in others is no Hebrew.
_ALPHABETS = {
    "[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufefc]": "ar fa ur ckb", "[\u0400-\u04ff]": "bg ru uk be mk kk mn",
    "[\u0370-\u03ff\u1f00-\u1fff]": "el", "[\u0590-\u05ff]": "he", "[\u0900-\u097f]": "hi", "[\u0e00-\u0e7f]": "th",
    "[\u3040-\u30ff\u4e00-\u9fff]": "ja zh", "[\uac00-\ud7a3]": "ko", "[\u10a0-\u10ff]": "ka", "[\u0530-\u058f]": "hy",
    "[\u0980-\u09ff]": "bn", "[\u0a80-\u0aff]": "gu",
}  # fmt: skip
_ALPHABET = {code: re.compile(letters) for letters, codes in _ALPHABETS.items() for code in codes.split()}
_LETTER = re.compile(r"[^\W\d_]")
_TAG = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<!\[CDATA\[|<[^<>]*>|\]\]>", re.DOTALL | re.IGNORECASE)


def paragraphs(text: str, language: str, least: int = 40) -> Iterator[str]:
    """The clean paragraphs of `text`: lines of `least` characters or more, nothing broken, no markup and no addresses.

    Most of their letters are of the language's alphabet.
    """
    alphabet, foreign = _ALPHABET.get(language, _LETTER), _FOREIGN.get(language)
    for line in text.splitlines():
        line = line.strip()
        if len(line) < least or _BROKEN.search(line) or _MARKUP.search(line) or (foreign and foreign.search(line)):
            continue
        if 2 * len(alphabet.findall(line)) > len(_LETTER.findall(line)):
            yield line


def _joined(lines: Iterable[str], longest: int) -> Iterator[str]:
    """Lines put together to documents of about `longest` characters."""
    document: list[str] = []
    for line in lines:
        if document and sum(map(len, document)) + len(line) > longest:
            yield "\n".join(document)
            document = []
        document.append(line[:longest])
    if document:
        yield "\n".join(document)


@cache
def clean_documents(data: Path, longest: int = 2500) -> dict[str, list[Document]]:
    """Clean documents by language: articles as published, and the decoded files of known encoding.

    An article gives one document, its beginning; a longer file several. A text that comes in several encodings is
    taken once.
    """
    found: dict[str, list[Document]] = defaultdict(list)
    sure: set[str] = set()
    seen: set[str] = set()

    def add(language: str, texts: Iterable[str], source: str) -> None:
        for text in texts:
            if text not in seen and len(text) >= 100:
                seen.add(text)
                found[language].append(Document(language, text, source))

    for row in articles(data):
        first = list(_joined(paragraphs(row["raw_text"], row["lang"]), longest))[:1]
        add(row["lang"], first, f"{row['source_dataset']}:{row['id']}")
        if row["kind"] != "html_naive":
            sure.add(row["lang"])
    for row, content in files(data):
        language = language_of(row)
        if language and not _MISNAMED.search(row["file"]):
            text = content.decode(row["true_encoding"], "ignore")
            if C1.search(text) and row["true_encoding"] in TWINS:
                text = content.decode(TWINS[row["true_encoding"]], "ignore")
            text = html.unescape(html.unescape(_TAG.sub("\n", html.unescape(_TAG.sub("\n", text)))))
            add(
                language,
                _joined(paragraphs(text, language), longest if len(text) > 20_000 else longest // 3),
                row["file"],
            )
    return {
        language: found[language]
        for language in sorted(found)
        if language in sure or len(found[language]) >= LEAST_PAGES
    }
