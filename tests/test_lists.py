"""The word lists: every file says only what is read, in the shape in which it is read."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from copydesk.data import lists
from copydesk.text.fold import fold

FOLDER = Path(str(files("copydesk"))) / "data" / "lines"
README = (FOLDER / "README.md").read_text("utf-8")
WRITTEN_AS_THEY_ARE = {"agencies", "cities", "regions"}


@pytest.mark.parametrize("code", lists.languages())
def test_a_language_is_well_formed(code: str) -> None:
    for key, value in lists.languages()[code].items():
        assert key in lists.KEYS, f"{key} is none of {sorted(lists.KEYS)}"
        if key == "eras":
            assert all(isinstance(year, int) for year in value.values())
            continue
        lengths = {"weekdays": 7, **dict.fromkeys(lists.MONTHS, 12)}
        if key in lengths:
            assert len(value) == lengths[key]
            assert all(value)
        for words in value if key in lengths else [value]:
            assert isinstance(words, list)
            assert len(words) == len(set(words)), f"{key} has a word twice"
            for word in words:
                assert word == word.strip() != ""
                assert key in WRITTEN_AS_THEY_ARE or word == word.lower(), f"{word} is not in lower case"


def test_every_key_is_explained_to_newcomers() -> None:
    assert [key for key in lists.KEYS if f"`{key}`" not in README] == []


@pytest.mark.parametrize("key", lists.MONTHS)
def test_months_of_two_languages_agree(key: str) -> None:
    """One spelling is one month: files are read together, without regard to accents."""
    numbers: dict[str, set[int]] = {}
    for language in lists.languages().values():
        for number, names in enumerate(language.get(key, []), 1):
            for name in names:
                numbers.setdefault(fold(name), set()).add(number)
    assert {name: found for name, found in numbers.items() if len(found) > 1} == {}


def test_words_of_all_languages_are_read_together() -> None:
    assert {"by", "por", "بقلم"} <= set(lists.words("byline"))
    with pytest.raises(KeyError):
        lists.words("bylines")


def test_what_is_shared() -> None:
    shared = lists.shared()
    assert all(len(digits) == 10 and [int(digit) for digit in digits] == list(range(10)) for digits in shared["digits"])
    assert all(timedelta(hours=-12) <= timedelta(minutes=m) <= timedelta(hours=14) for m in shared["zones"].values())
    assert all(ZoneInfo(name) for name in shared["zones_named"].values())


def test_loading_is_fast() -> None:
    """Measured 17 ms; every process of a run loads them once. In a process that no coverage slows, the best of five."""
    code = f"""
import pathlib, timeit, time, tomllib
texts = [path.read_text("utf-8") for path in pathlib.Path({str(FOLDER)!r}).glob("*.toml")]
print(min(timeit.repeat(lambda: [tomllib.loads(text) for text in texts], number=1, timer=time.process_time)))
"""
    assert float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout) < 0.05
