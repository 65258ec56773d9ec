"""A natural test set: sentences of news and pages that were not trained on, with their errors as they were written.

    python -m training.judge.natural DATA OUT.jsonl

rebuilds it from the texts, which are not ours to ship: `natural.tsv` holds a digest of each sentence, where it is from,
how it was read, and the marks of its errors. OUT has a line for each sentence that is found: text, source, how it was
read, errors as (start, end, kind, digest of the word meant).

`read`: drawn at random and read whole by two readers, the second without the marks of the first; where they differed,
it was decided again. `ranked`: a judge's surest changes of all sentences kept apart, each read: the errors that such
judges find. `unread`: drawn at random from those in which no judge saw anything; by the `read` part about two in a
hundred have an error that nobody marked, most of them an apostrophe that is missing.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from training.english import tokens
from training.judge import news

FILE = Path(__file__).parent / "natural.tsv"
#: `word`: a word that is one, and yet not what was meant; `nonword`; `apostrophe`: one is missing; `other`: a word too
#: few or too many, or the wrong form, which no change of one word mends; `unsure`: not counted either way.
KINDS = ("word", "nonword", "apostrophe", "other", "unsure")


class Mark(NamedTuple):
    """An error: where it starts in the sentence, its kind, and the digest of what was meant ("-" where many fit)."""

    start: int
    kind: str
    meant: str


class Row(NamedTuple):
    digest: str
    source: str
    how: str
    marks: tuple[Mark, ...]


def of_word(word: str) -> str:
    return hashlib.blake2b(word.lower().encode(), digest_size=6).hexdigest()


def read(file: Path = FILE) -> list[Row]:
    rows = []
    for line in file.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            digest, source, how, marks = line.split("\t")
            found = (mark.split(":") for mark in marks.split())
            rows.append(Row(digest, source, how, tuple(Mark(int(start), kind, meant) for start, kind, meant in found)))
    return rows


def sentences(data: Path) -> Iterator[tuple[str, str]]:
    """All sentences of news kept apart and of English pages: (source, sentence), blanks and quotes made plain."""
    for story in news.stories(data / "articles"):
        if story.part == "held":
            name = "news/" + story.name.split("/")[0]
            for a, b in news.spans(story.text):
                yield name, " ".join(story.text[a:b].split())
    with gzip.open(data / "pages" / "pages.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["lang"] == "en" and row["gold_body"]:
                text = row["gold_body"].translate(news.PLAIN)
                for a, b in news.spans(text):
                    yield "pages/" + row["set"], " ".join(text[a:b].split())


def end(sentence: str, start: int) -> int:
    """Where the token that starts there ends."""
    return start + len(tokens(sentence[start:])[0])


def rebuild(data: Path, file: Path = FILE) -> Iterator[dict[str, object]]:
    """The sentences of the set that are found in `data`, each once."""
    wanted = {row.digest: row for row in read(file)}
    for _, sentence in sentences(data):
        row = wanted.pop(f"{news.digest(sentence):016x}", None)
        if row is not None:
            errors = [(m.start, end(sentence, m.start), m.kind, m.meant) for m in row.marks]
            yield {"text": sentence, "source": row.source, "how": row.how, "errors": errors}


if __name__ == "__main__":
    with Path(sys.argv[2]).open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in rebuild(Path(sys.argv[1])))
