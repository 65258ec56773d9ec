"""Openly licensed text as sentences: one file for each source, repeated sentences left out, a part kept for tuning."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

# Text of which every mark of OCR would be learned as right.
NOISY = ("pmau_1945_1999_ocr_sample",)
# One sentence of this many is kept for tuning the decision, and seen by no statistics.
TUNING = 40

_END = re.compile(r"(?<=[a-z0-9)\"'][.!?])[\"')]*\s+(?=[\"'(]*[A-Z])|(?<=[.!?][\"'])\s+(?=[\"'(]*[A-Z])")
_STRAIGHT = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph, with straight quotes and single spaces."""
    text = " ".join(paragraph.translate(_STRAIGHT).split())
    return [piece for piece in _END.split(text) if piece]


def paragraphs(file: Path) -> Iterator[str]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield line.strip()


def prepare(texts: Path, work: Path) -> None:
    """Write `work/sentences/SOURCE.txt` and `work/tuning.txt` from `texts/SOURCE.txt.gz`; what is there is kept."""
    folder = work / "sentences"
    if (work / "tuning.txt").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    seen: set[bytes] = set()
    with (work / "tuning.part").open("w", encoding="utf-8") as tuning:
        for file in sorted(texts.glob("*.txt.gz")):
            source = file.name.removesuffix(".txt.gz")
            if source in NOISY:
                continue
            kept = 0
            with (folder / f"{source}.txt").open("w", encoding="utf-8") as out:
                for paragraph in paragraphs(file):
                    for sentence in sentences(paragraph):
                        digest = hashlib.blake2b(sentence.casefold().encode(), digest_size=8).digest()
                        if len(sentence) < 20 or digest in seen:
                            continue
                        seen.add(digest)
                        kept += 1
                        target = tuning if int.from_bytes(digest, "big") % TUNING == 0 else out
                        target.write(f"{source}\t{sentence}\n" if target is tuning else f"{sentence}\n")
            print(f"{source}: {kept:,} sentences", flush=True)
    (work / "tuning.part").rename(work / "tuning.txt")


def news(articles: Path, spelling: Path, work: Path) -> list[str]:
    """Sentences of Wikinews (CC BY 2.5) in `articles/wikinews*.jsonl.gz`, kept in `work/news.txt`.

    News that neither n-grams nor encoder have seen, nor anything of its kind: what the decision is fitted on. Sentences
    that also stand in the sets of `spelling/*.jsonl`, on which the whole is measured, are left out.
    """
    cache = work / "news.txt"
    if not cache.exists():
        measured = {
            json.loads(line)["gold"].strip()
            for file in spelling.glob("*.jsonl")
            for line in file.open(encoding="utf-8")
        }
        kept: dict[str, None] = {}
        for file in sorted(articles.glob("wikinews*.jsonl.gz")):
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                for line in lines:
                    for paragraph in json.loads(line)["raw_text"].split("\n"):
                        for sentence in sentences(paragraph):
                            if len(sentence) >= 40 and not any(s in measured for s in (sentence, sentence.rstrip("."))):
                                kept[sentence] = None
        cache.write_text("\n".join(kept) + "\n", "utf-8")
    return cache.read_text("utf-8").split("\n")[:-1]


# Sets of published English news as their collectors give it; the decision is weighed on what of it is right.
PUBLISHED = ("bbc_news", "fnc1_bodies", "horne2017", "reuters21578_sgm", "deception_celebrity_legit", "ag_news_test")


def published(articles: Path, words: int, seed: int) -> list[str]:
    """Articles of `PUBLISHED` with about so many words in all, in a fixed random order.

    Nobody's text goes into statistics: it only decides six weights, a threshold and a curve.
    """
    found = []
    for name in PUBLISHED:
        with gzip.open(articles / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            found += [json.loads(line)["raw_text"] for line in lines]
    random.Random(seed).shuffle(found)
    total = 0
    for count, text in enumerate(found):
        total += len(text.split())
        if total >= words:
            return found[: count + 1]
    return found
