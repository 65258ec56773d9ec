"""The benchmarks that no other test runs still run: they wrap functions of the library by name."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

from benchmarks import contenders, corpus
from benchmarks.contenders import Night
from benchmarks.corpus.__main__ import main as corpus_main


def test_the_throughput_is_measured_part_by_part(tmp_path: Path) -> None:
    source = corpus.Corpus()
    corpus.write(source.records(0, 3), tmp_path / "articles.jsonl")
    night = Night(tmp_path / "articles.jsonl", tmp_path / "warehouse", source.day(3), "off")
    took = contenders.measured("copydesk", night, watch_parts=True, watch_memory=True)
    assert took["published"] == 3
    assert {"repair", "structure", "to Arrow", "commit", "everything else"} <= took["parts"].keys()
    assert took["whole"] > 2**20
    assert took["peak"] > took["whole"] / 2


def test_made_up_news_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    whole, part, other = (tmp_path / name for name in ("whole.jsonl", "part.jsonl", "other.jsonl"))
    corpus_main(["60", str(whole)])
    corpus_main(["20", str(part), "--start", "30"])
    corpus_main(["60", str(other), "--seed", "1"])
    assert whole.read_bytes().splitlines()[30:50] == part.read_bytes().splitlines()
    assert not set(whole.read_bytes().splitlines()) & set(other.read_bytes().splitlines())


def test_made_up_news_is_as_dirty_as_real_news() -> None:
    """Other texts each time, many languages and dates, and damage of every kind that is in a thousand articles."""
    made = list(corpus.Corpus().records(0, 1_500))
    texts = [record["text"] for record in made]
    assert len(set(texts)) > 0.98 * len(texts)
    assert len({record.get("id") or record["url"] for record in made}) == len(made)
    for sign in ("â€", "\x93", "&quot;", "\xa0", "\r\n", "\xad", "İ", "ة", "的", "BEIRUT", "© 2024", "Share"):
        assert any(sign in text for text in texts), sign
    assert {record.get("date") for record in made} > {None}
    again = sum(text.split("\n\n")[:1] == text.split("\n\n")[1:2] for text in texts)
    assert 0.02 < again / len(texts) < 0.2


def test_copies_stand_among_made_up_news() -> None:
    """The same story a few hundred articles later: most of its paragraphs, word for word."""
    seen: set[str] = set()
    copies = 0
    for record in corpus.Corpus().records(corpus.BACK, corpus.BACK + 2_400):
        paragraphs = {paragraph for paragraph in record["text"].split("\n\n") if len(paragraph) > 150}
        copies += len(paragraphs & seen) > 1
        seen |= paragraphs
    assert copies > 10


def test_made_up_news_has_no_end() -> None:
    assert json.dumps(list(islice(corpus.Corpus().records(10**9, 10**12), 2)))
