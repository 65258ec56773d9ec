"""Worker processes end with their run, and have no words of their own."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from nights import NIGHT, config, night, story

from copydesk import languages
from copydesk.records import Document
from copydesk.run import collect, workers
from copydesk.text.site import Recurring


def test_a_run_that_is_interrupted_in_all_its_processes_says_one_sentence(tmp_path: Path) -> None:
    records = [json.dumps({"url": f"https://a.example/{n}", "text": story()}) for n in range(2_000)]
    (tmp_path / "many.jsonl").write_text("\n".join(records))
    command = [sys.executable, "-m", "copydesk.cli", "run", "many.jsonl", "--workers", "2"]
    environment = os.environ | {"COPYDESK_RUN__BATCH_DOCUMENTS": "20", "COPYDESK_TYPOS__MODE": "off"}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path, start_new_session=True
    ) as process:
        assert process.stderr is not None
        assert "20 documents" in process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does in a terminal
        said = process.stderr.read().splitlines()
    assert process.returncode == 2
    assert [line for line in said if "documents, " not in line] == [
        "copydesk: stopped; the next run discards or completes what was begun"
    ]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_killed_run_leaves_is_removed_without_a_word(tmp_path: Path, end: int) -> None:
    records = [json.dumps({"url": f"https://a.example/{n}", "text": story()}) for n in range(2_000)]
    (tmp_path / "many.jsonl").write_text("\n".join(records))
    command = [sys.executable, "-m", "copydesk.cli", "run", "many.jsonl", "--workers", "2"]
    environment = os.environ | {"COPYDESK_RUN__BATCH_DOCUMENTS": "20", "COPYDESK_TYPOS__MODE": "off"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path) as process:
        assert process.stderr is not None
        assert "20 documents" in process.stderr.readline()
        process.send_signal(end)
        said = process.stderr.read().splitlines()  # ends when the last of its processes has
    assert process.returncode == -end
    assert [line for line in said if "documents, " not in line] == []


def test_workers_that_do_not_end_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """As those do that wait for the lock of one that was killed."""
    monkeypatch.setattr(workers, "END_SECONDS", 0.5)
    started = time.monotonic()
    with workers._ending(ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))) as pool:
        pool.submit(time.sleep, 60)
    assert time.monotonic() - started < 20


def test_a_worker_that_is_killed_while_it_sends_a_result_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of which a part was sent, and the pool waits for the rest."""
    monkeypatch.setattr(workers, "END_SECONDS", 1)
    ended = threading.Event()

    def run() -> None:
        with workers._ending(ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))) as pool:
            worker = pool.submit(os.getpid).result()
            os.write(pool._result_queue._writer.fileno(), struct.pack("!i", 1_000) + b"begun")
            os.kill(worker, signal.SIGKILL)
        ended.set()

    threading.Thread(target=run, daemon=True).start()
    assert ended.wait(20)


@pytest.mark.parametrize("own", [True, False], ids=["own process", "library"])
def test_what_a_run_in_one_process_loads_for_its_sentences_goes_when_all_is_cleaned(
    own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "is_own", lambda: own)
    text = f"{story()}\n\nHe walked away form the house and went to the station to wait for his brother.\n"
    document = Document("https://a.example/1", text.encode())
    model = languages.model("en")
    model.forget()
    encoder = model.encoder
    assert encoder is not None
    with workers.cleaner(config()) as clean:
        [batch] = clean([([document], config(), NIGHT, {})])
        assert "walked away from the house" in batch.articles["body"][0].as_py()
        assert encoder.run.session is not None
    assert (encoder.run.session is None) == own


@pytest.mark.parametrize("spread", [1, 2], ids=["one process", "two workers"])
def test_all_is_clean_before_anything_is_staged(spread: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cleans and what stages never need their memory at once, however many articles there are."""
    monkeypatch.setattr(workers, "JUDGED_DOCUMENTS", 4)
    line = "Call the newsroom of the Harbour Post at any hour of the day."
    folder = tmp_path / "raw" / "harbour.example"
    folder.mkdir(parents=True)
    for n in range(24):  # all of which are cleaned once more
        (folder / f"{n:02}.txt").write_text(f"{story(n)}\n\n{line}\n")
    happened: list[str] = []
    take, clean = collect._Intake.take, workers.clean_batch

    def taken(self: collect._Intake, batch: workers.Batch) -> None:
        assert not [one for one in multiprocessing.active_children() if "Spawn" in type(one).__name__]
        happened.append("staged")
        take(self, batch)

    def cleaned(*arguments: object) -> workers.Batch:
        happened.append("cleaned")
        return clean(*arguments)

    learned = {"harbour.example": {line: Recurring(24, False)}}
    monkeypatch.setattr(collect.Sites, "learn_lines", lambda *_: learned)
    monkeypatch.setattr(collect._Intake, "take", taken)
    if spread == 1:
        monkeypatch.setattr(workers, "clean_batch", cleaned)
    settings = {"workers": spread, "batch_documents": 4}
    outcome = night(tmp_path / "raw", tmp_path / "warehouse", run=settings, duplicates={"enabled": False})
    assert outcome.row
    assert outcome.row["published"] == 24
    assert happened == ["cleaned"] * (12 if spread == 1 else 0) + ["staged"] * 6
