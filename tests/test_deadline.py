"""The limit of time for one document: what is too slow is quarantined whole, and all else goes on."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from nights import Left, settled, story

from copydesk import correct, deadline, languages, pipeline
from copydesk.config import Config, RunConfig
from copydesk.records import CRITICAL
from copydesk.text.typos.batch import TokenTypes


def busy() -> None:
    while True:
        time.process_time()


def swallowing() -> None:
    """What some libraries do with any exception."""
    until = time.process_time() + 30
    while time.process_time() < until:
        try:
            sum(range(1000))
        except Exception:  # noqa: BLE001
            continue


def pattern() -> None:
    re.match(r"(?:a+)+$", "a" * 40 + "b")


@pytest.mark.parametrize("work", [busy, swallowing, pattern])
def test_work_ends_at_its_limit(work: Callable[[], None]) -> None:
    start = time.process_time()
    with pytest.raises(deadline.TooSlow, match="more than"), deadline.limit(0.2):
        work()
    assert time.process_time() - start < 5
    busy_until = time.process_time() + 1.5  # nothing is left that ends what comes after
    while time.process_time() < busy_until:
        pass


def test_a_module_that_takes_locks_is_not_interrupted() -> None:
    """Its lock would be held for ever: the interrupt after it ends the work."""
    code = """
def work(process_time):
    until = process_time() + 0.5
    while process_time() < until:
        pass
    passed.append(True)
"""
    passed: list[bool] = []
    module: dict[str, Any] = {"__name__": "logging.handlers", "passed": passed}
    exec(code, module)  # a function of a module with this name
    start = time.process_time()
    with pytest.raises(deadline.TooSlow), deadline.limit(0.2):
        module["work"](time.process_time)
        busy()
    assert passed == [True]
    assert time.process_time() - start < 5


def test_a_model_that_was_interrupted_is_loaded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here while it learnt a word; all words behind that would be taken for others."""
    learn = TokenTypes.__missing__

    def interrupted(types: TokenTypes, token: str) -> int:
        if token == "zyzzyva":
            types[token] = len(types.tokens)
            raise deadline.TooSlow("more than 1 second of CPU time")
        return learn(types, token)

    wrong = "He walked away form the house and went to the station to wait for his brother, who was late again."
    documents = [pipeline.as_document(text, text[:9]) for text in (f"A zyzzyva came by. {wrong}", wrong)]
    alone = pipeline.clean_documents(documents[1:], Config())[0]
    languages.forget()
    monkeypatch.setattr(TokenTypes, "__missing__", interrupted)
    slow, other = pipeline.clean_documents(documents, Config())
    assert [problem.rule for problem in slow.problems if problem.severity == CRITICAL] == ["too-slow"]
    assert other.article is not None
    assert "away from the house" in other.article.body
    assert (other.article, other.edits) == (alone.article, alone.edits)


def test_waiting_takes_no_time_of_the_processor() -> None:
    with deadline.limit(0.2):
        time.sleep(0.6)


@pytest.mark.parametrize(("module", "step"), [(pipeline, "languages_of"), (correct, "_corrected")])
def test_a_document_that_is_too_slow_is_quarantined_whole_and_the_others_are_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: str
) -> None:
    whole = getattr(module, step)

    def slow(first: object, *more: object) -> object:
        if "slow story" in str(first):
            busy()
        return whole(first, *more)

    monkeypatch.setattr(module, step, slow)
    texts = {
        "a.txt": story(1),
        "slow.txt": story(2).replace("The bridge over", "In a slow story, the bridge over"),
        "z.txt": story(3),
    }
    left = night_of(tmp_path, texts, 2)
    assert sorted(left.articles["uri"]) == ["a.txt", "z.txt"]
    assert left.reasons == {"slow.txt": ["too-slow"]}
    (row,) = left.quarantine.to_dict("records")
    assert row["content"].decode() == texts["slow.txt"]
    assert "run.document_seconds" in row["reasons"][0]["observed"]


def test_a_large_document_gives_none_of_its_time_to_those_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(texts: Sequence[str]) -> list[str]:
        until = os.times().user + (2.5 if any("slow story" in text for text in texts) else 0)
        while os.times().user < until:
            sum(range(100_000))
        return ["en"] * len(texts)

    monkeypatch.setattr(pipeline, "languages_of", slow)
    config = Config(run=RunConfig(document_seconds=1))
    texts = [
        "A slow story, told by nobody.",
        "\n".join([f"Bridge {n} over the river is open again." * 2000 for n in range(40)]),
    ]
    documents = [pipeline.as_document(text, str(number)) for number, text in enumerate(texts)]
    together = pipeline.clean_alone(documents, config)
    alone = [pipeline.clean_alone([document], config)[0] for document in documents]
    assert [one.problems[:1] for one in together] == [one.problems[:1] for one in alone]
    assert together[0].problems[0].rule == "too-slow"
    assert together[1].article is not None


def test_the_limit_holds_where_a_thread_runs_the_night(tmp_path: Path) -> None:
    texts = {"a.txt": story(1), "slow.txt": "x\n" * 1_000_000}
    found: list[Left] = []
    thread = threading.Thread(target=lambda: found.append(night_of(tmp_path, texts, 2)))
    thread.start()
    thread.join()
    (left,) = found
    assert list(left.articles["uri"]) == ["a.txt"]
    assert left.reasons == {"slow.txt": ["too-slow"]}


def night_of(folder: Path, texts: dict[str, str], seconds: float) -> Left:
    raw = folder / "raw"
    raw.mkdir()
    for name, text in texts.items():
        (raw / name).write_text(text, encoding="utf-8")
    return settled(raw, folder / "warehouse", run={"document_seconds": seconds})
