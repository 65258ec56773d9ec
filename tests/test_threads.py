"""Threads of one process clean at the same time, and each gets what it would get alone."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import copydesk
from copydesk import correct
from copydesk.duplicates import shingles
from copydesk.text.typos.found import Finding

ROOT = Path(__file__).parents[1]
#: Threads change at every instruction, nearly, so that what they share is met in any state. Words of its own in each
#: text make what models remember grow.
SCRIPT = """
import sys
from concurrent.futures import ThreadPoolExecutor
import copydesk

def cleaned(n):
    names = ["".join(chr(97 + (n * 60 + m + 2) ** power % 997 % 26) for power in range(2, 9)) for m in range(60)]
    story = " ".join(f"The bridge of {name} was closed on Friday, people in {name[:4]} said." for name in names)
    story += " The goverment said that thier coun cil will open it on Monday."
    return copydesk.clean(f"Bridge closes\\n\\nMay 2, 2024\\n\\n{story}", uri=f"a#{n}")

numbers = range(int(sys.argv[1]) * 10)
if sys.argv[2] == "threads":
    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(int(sys.argv[1])) as pool:
        found = list(pool.map(cleaned, numbers))
else:
    found = list(map(cleaned, numbers))
for one in found:
    print(one.article, one.edits, one.problems)
"""


def printed(how: str) -> str:
    command = [sys.executable, "-c", SCRIPT, "8", how]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr == ""
    return done.stdout


def test_threads_of_a_new_process_clean_as_one_does() -> None:
    alone = printed("alone")
    assert "government" in alone and "None (" not in alone
    assert printed("threads") == alone


def test_threads_take_turns_with_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    model = threading.Lock()

    def look(texts: Sequence[str], *_: object) -> list[list[Finding]]:
        assert model.acquire(blocking=False)
        time.sleep(0.01)
        model.release()
        return [[] for _ in texts]

    monkeypatch.setattr(correct, "look", look)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: copydesk.clean("The bridge was closed on Friday.", uri=f"a#{n}"), range(16)))
    assert all(one.article for one in found)


def test_a_character_is_known_among_words_when_all_of_it_is() -> None:
    letters = shingles._Letters()
    single = letters._single

    class Known:
        """Looks, when a character becomes known, as another thread would."""

        take = single.take

        def __setitem__(self, code: int, small: Any) -> None:
            assert letters._undivided[code] == (code == ord("雨"))
            single[code] = small

    letters._single = Known()  # type: ignore[assignment]
    assert len(letters.of("a雨")) == 4
